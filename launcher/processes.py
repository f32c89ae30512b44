"""Which processes are alive, whose are they, and how are they stopped?"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from launcher.errors import StaleProcess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send the signal when the starting process dies, even by kill -9.

    Linux only; elsewhere None, and the next start cleans up by the recorded pids. The starting *thread* must
    live as long as the process, so start children from the main thread.
    """
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the request was made
            os._exit(1)

    return ask_kernel


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody collected counts as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (OSError, IndexError):
            return False
    return True


def command_line(pid: int) -> str:
    """The command a process was started with; empty if it is gone."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    return _ask_ps(pid, "command")


def born_at(pid: int) -> str:
    """When a process was started, in the system's own terms: tells it from a later one of the same number."""
    if sys.platform == "linux":
        try:
            ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + f"+{ticks}"
        except (OSError, IndexError):
            return ""
    return _ask_ps(pid, "lstart")


def _ask_ps(pid: int, column: str) -> str:
    command = ["/bin/ps", "-ww", "-o", f"{column}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def wait_gone(pid: int, seconds: float) -> bool:
    """Waits until a process that need not be our child has ended; False if it still runs."""
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        collect(pid)
        time.sleep(0.02)
    collect(pid)
    return True


def collect(pid: int) -> None:
    """Takes the exit status of a child so that no zombie stays; does nothing for other processes."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def stop_process(pid: int, name: str, steps: list[tuple[signal.Signals, float]]) -> None:
    """Sends each signal in turn and waits its number of seconds. Raises StaleProcess if all fail."""
    for one_signal, seconds in steps:
        try:
            os.kill(pid, one_signal)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise StaleProcess(f"{name} (pid {pid}) runs as another user: stop it as that user.") from error
        if wait_gone(pid, seconds):
            return
    raise StaleProcess(f"{name} (pid {pid}) cannot be stopped: kill it by hand (kill -9 {pid}).")
