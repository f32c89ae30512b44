"""How is a suite looked at, stopped and started over from another terminal?"""

import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

from launcher import processes
from launcher.embedded import EmbeddedServices
from launcher.errors import DataUnusable, StillRunning
from launcher.layout import PROJECT, Layout, holder_of, is_locked
from launcher.root import remove_hidden_home
from launcher.session import HEALTH, read_own_state

_STOP_SECONDS = 60.0


def show_status(folder: Path) -> int:
    """Prints what runs; exit status 0 if the suite is ready, 3 if it is not up."""
    layout = Layout.of(folder)
    services = EmbeddedServices(folder).pids()
    for name, pid in services.items():
        print(f"  {name:<16} pid {pid}")
    if not is_locked(layout.lock("up")):
        print("Switchboard is not up from this folder.")
        return 3
    state = read_own_state(layout)
    for name, program in state.get("programs", {}).items():
        print(f"  {name:<16} pid {program['pid']}")
    health = _ask_health(str(state.get("address", "")))
    print(f"Switchboard is up (pid {state.get('pid')}) at {state.get('address')}: {health}")
    return 0 if health == "ready" else 3


def _ask_health(address: str) -> str:
    try:
        with urllib.request.urlopen(f"{address}{HEALTH}", timeout=5):  # noqa: S310 - our own http address
            return "ready"
    except urllib.error.HTTPError as error:
        return f"not ready ({error.code})"
    except (OSError, ValueError) as error:
        return f"not ready ({error})"


def stop(folder: Path) -> int:
    """Stops the suite and its services, whoever started them; safe to repeat."""
    layout = Layout.of(folder)
    if not layout.run.exists():
        print("Nothing runs here.")
        return 0
    pid = holder_of(layout.lock("up"))
    if is_locked(layout.lock("up")) and pid is not None:
        steps = [(signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5.0)]
        processes.stop_process(pid, "the supervisor", steps)
    EmbeddedServices(folder).stop()
    print("Stopped.")
    return 0


def reset(folder: Path, *, confirmed: bool) -> int:
    """Removes all data of this checkout, after asking. Raises StillRunning or DataUnusable."""
    layout = Layout.of(folder)
    if layout.folder in (PROJECT, *PROJECT.parents, Path.home()):
        raise DataUnusable(f"{layout.folder} is no data folder: it will not be removed.")
    _refuse_while_running(layout)
    if not layout.folder.exists():
        print("There is nothing to remove.")
        return 0
    if not confirmed:
        print(f"This removes {layout.folder} with all conversations, customers and files in it.")
        if _answer() != "yes":
            print("Nothing was removed.")
            return 1
    for found in (
        layout,
        *(Layout.of(inner.parent.parent) for inner in layout.folder.glob("*/run/keeper.lock")),
    ):
        remove_hidden_home(found)
    shutil.rmtree(layout.folder)
    print("Removed. `make up` starts afresh.")
    return 0


def _refuse_while_running(layout: Layout) -> None:
    for lock in (*layout.folder.glob("run/*.lock"), *layout.folder.glob("*/run/*.lock")):
        if lock.stem in ("up", "keeper") and is_locked(lock):
            raise StillRunning(f"something runs on {lock.parent.parent} (pid {holder_of(lock)}): `make stop` first.")


def _answer() -> str:
    try:
        return input('Type "yes" to go on: ').strip().lower()
    except EOFError:
        return ""
