"""What does `make up` do? Prepares what is missing, starts everything and stops it all again."""

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from launcher import processes
from launcher.embedded import EmbeddedServices
from launcher.errors import AlreadyUp, BadSetting, PortTaken
from launcher.layout import FileLock, Layout, holder_of
from launcher.preparation import DEMO, ENCODER, MIGRATE, PROTECT, STATIC, Ledger, identify_databases, prepare
from launcher.session import Session, UpOptions, read_own_state
from launcher.terminal import Step


def up(options: UpOptions) -> int:
    """Runs the suite until it is told to stop. Raises LauncherErrors; leaves no process in any case."""
    began = time.monotonic()
    layout = Layout.of(options.folder)
    layout.make_folders()
    lock = FileLock(layout.lock("up"))
    if not lock.acquire(wait=False):
        raise AlreadyUp(_describe_other(layout))
    try:
        _clean_up_after_killed_supervisor(layout)
        with open_listener(options.host, options.port) as listener:
            return _run(options, layout, listener, began)
    finally:
        (layout.run / "up.json").unlink(missing_ok=True)
        lock.release()


def open_listener(host: str, port: int) -> socket.socket:
    """The listening socket that all web processes share. Raises PortTaken or BadSetting.

    Opening it is the check: nobody can take the port between looking and listening.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BadSetting(f"HOST={host} is no address of this machine ({error.strerror}).") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except PermissionError as error:
        listener.close()
        raise PortTaken(f"port {port} needs root: choose one above 1023, `PORT=9000 make up`.") from error
    except OSError as error:
        listener.close()
        hint = "choose another with `PORT=9000 make up`"
        raise PortTaken(f"port {port} on {host} cannot be used ({error.strerror}): {hint}.") from error
    return listener


def _run(options: UpOptions, layout: Layout, listener: socket.socket, began: float) -> int:
    env = child_environment(options, layout, listener)
    services = EmbeddedServices(layout.folder, parts=wanted_parts(os.environ))
    try:
        if services.parts:
            _start_services(services)
            env |= service_environment(services, os.environ)
        if options.prepare:
            _prepare(options, layout, env)
        return Session(options, layout, listener, services, env).run(began)
    finally:
        services.release()


def child_environment(options: UpOptions, layout: Layout, listener: socket.socket) -> dict[str, str]:
    """The environment of management commands and supervised programs."""
    return dict(os.environ) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "VAR_DIR": str(layout.folder),
        "HOST": options.host,
        "PORT": str(listener.getsockname()[1]),
        "LISTEN_FD": str(listener.fileno()),
        # One set of metrics over all processes; each writes its own files there.
        "PROMETHEUS_MULTIPROC_DIR": str(_fresh_metrics(layout)),
        **({} if options.demo else {"DEMO": "off"}),
    }


def _fresh_metrics(layout: Layout) -> Path:
    folder = layout.run / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def wanted_parts(given: Mapping[str, str]) -> frozenset[str]:
    """Which embedded services are needed beside those the user named."""
    needed = {"postgres": "DATABASE_URL", "keyvault": "KEYVAULT_DATABASE_URL", "valkey": "REDIS_URL"}
    return frozenset(part for part, name in needed.items() if not given.get(name))


def service_environment(services: EmbeddedServices, given: Mapping[str, str]) -> dict[str, str]:
    """Addresses of the embedded services, except those the user set."""
    urls = {name.upper(): url for name, url in asdict(services.urls()).items()}
    for name in ("DATABASE_SUPERUSER_URL", "KEYVAULT_DATABASE_SUPERUSER_URL"):
        del urls[name]  # no program of the suite may have it
    prefixes = {"postgres": ("DATABASE_",), "keyvault": ("KEYVAULT_",), "valkey": ("REDIS_", "CACHE_")}
    wanted = tuple(prefix for part in services.parts for prefix in prefixes[part])
    return {name: url for name, url in urls.items() if name.startswith(wanted) and not given.get(name)}


def _start_services(services: EmbeddedServices) -> None:
    step = Step("Starting PostgreSQL and Valkey")
    services.on_progress = step.show
    try:
        services.start()
    except BaseException:
        step.failed()
        raise
    step.done()


def _prepare(options: UpOptions, layout: Layout, env: dict[str, str]) -> None:
    steps = [MIGRATE, *PROTECT, ENCODER, STATIC, *([DEMO] if _wants_demo(options) else [])]
    ledger = Ledger(layout, database=identify_databases(layout, os.environ))
    prepare(steps, ledger, env=env, log=layout.log / "setup.log")


def _wants_demo(options: UpOptions) -> bool:
    return options.demo and os.environ.get("DEMO", "").lower() not in ("0", "false", "no", "off")


def _clean_up_after_killed_supervisor(layout: Layout) -> None:
    """Ends programs of a supervisor that was killed with -9. On Linux the kernel has done that already."""
    for name, record in read_own_state(layout).get("programs", {}).items():
        pid = int(record["pid"])
        if processes.is_alive(pid) and processes.born_at(pid) == record["born_at"]:
            processes.stop_process(pid, name, [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])


def _describe_other(layout: Layout) -> str:
    state = read_own_state(layout)
    pid = state.get("pid") or holder_of(layout.lock("up"))
    where = f", {state['address']}" if "address" in state else ""
    return f"Switchboard is already up from this folder (pid {pid}{where}): use it, or `make stop`."
