"""How does the launcher show progress, on a terminal and in a log? (Readable by Python 3.8 too.)"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO, Callable, TextIO  # noqa: UP035 - also for Python 3.8

_REDRAW_SECONDS = 0.2
_HEARTBEAT_SECONDS = 20.0


class Step:
    """One line of progress: redrawn in place on a terminal, elsewhere printed when it is done."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self._stream = stream or sys.stdout
        self._redraws = self._stream.isatty()
        self._detail = ""
        self._began = time.monotonic()
        self._next_sign = self._began + _HEARTBEAT_SECONDS
        self.show()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def show(self, detail: str = "") -> None:
        """Redraws the line, with what is being done right now (the last known, if nothing is given)."""
        self._detail = detail or self._detail
        if self._redraws:
            width = shutil.get_terminal_size().columns - 1
            line = f"  {_mark(self._stream, '…', '.')} {self.title} {self.seconds:.0f} s  {self._detail}"
            self._stream.write("\r\033[2K" + line[:width])
        elif time.monotonic() > self._next_sign:
            self._next_sign = time.monotonic() + _HEARTBEAT_SECONDS
            self._stream.write(f"    {self.title}: {self.seconds:.0f} s so far {self._detail}\n")
        self._stream.flush()

    def done(self, note: str = "") -> None:
        self._finish(_mark(self._stream, "✓", "ok"), note)

    def failed(self) -> None:
        self._finish(_mark(self._stream, "✗", "FAILED"), "")

    def _finish(self, mark: str, note: str) -> None:
        start = "\r\033[2K" if self._redraws else ""
        shown = f"{self.title} {note}".strip()
        self._stream.write(f"{start}  {mark} {shown:<52} {self.seconds:6.1f} s\n")
        self._stream.flush()


def run_logged(
    command: list[str],
    log: Path,
    on_line: Callable[[str], None],
    *,
    cwd: Path,
    env: dict[str, str] | None = None,
) -> tuple[int, list[str]]:
    """Runs a command; its output goes to the log, and line by line to `on_line` ("" while it is silent).

    Returns its exit status and its last 60 lines.
    """
    kept: list[str] = []
    with log.open("ab") as sink:
        sink.write(("\n$ " + " ".join(command) + "\n").encode())
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=str(cwd),
            env=env,
        )
        try:
            _follow(process, sink, kept, on_line)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    return process.wait(), kept


def _follow(process: subprocess.Popen[bytes], sink: IO[bytes], kept: list[str], on_line: Callable[[str], None]) -> None:
    assert process.stdout is not None
    pending = b""
    with DefaultSelector() as selector, process.stdout as output:
        selector.register(output, EVENT_READ)
        while True:
            if not selector.select(_REDRAW_SECONDS):
                on_line("")
                continue
            # A raw read: a buffered one would wait for more while a progress bar stands still.
            chunk = output.read1(65536)  # type: ignore[attr-defined]
            if not chunk:
                break
            sink.write(chunk)
            sink.flush()
            *lines, pending = (pending + chunk).replace(b"\r", b"\n").split(b"\n")
            for line in (one.decode(errors="replace").rstrip() for one in lines):
                if line:
                    kept.append(line)
                    on_line(line)
            del kept[:-60]
    if pending.strip():
        kept.append(pending.decode(errors="replace").rstrip())


def _mark(stream: TextIO, fancy: str, plain: str) -> str:
    try:
        fancy.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return fancy
