"""How are the suite's own processes started, watched, restarted and stopped?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from types import FrameType
from typing import IO

from honcho.printer import Message, Printer

from launcher import processes
from launcher.probe import Probe
from launcher.procfile import Program

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
STEADY_SECONDS = 30.0
# How long each kind may take to finish what it is doing, by stop rank: web, workers, beat, others.
PATIENCE = (5.0, 10.0, 3.0, 3.0)


def pause_before_restart(failures: int) -> float:
    """Seconds to wait before the next start after so many failures in a row: doubling from 0.5 to 10."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))


@dataclass
class Child:
    """One supervised process."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    launched_at: float = 0.0
    restart_at: float | None = 0.0
    failures: int = 0
    # It said that its configuration is wrong; starting it again will not change that.
    has_refused: bool = False
    pending: bytes = b""
    recent: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Output:
    """The children's lines: always to the log file, to the terminal once the suite is up."""

    def __init__(self, log: Path, names: list[str], *, stream: IO[str] | None = None) -> None:
        width = max(len(name) for name in [*names, "launcher"])
        self._printers = [Printer(stream or sys.stdout, width=width)]
        self._file = log.open("a", encoding="utf-8")
        self._file_printer = Printer(self._file, width=width, time_format="%Y-%m-%d %H:%M:%S")
        self.shown = False

    def line(self, text: str, *, name: str = "launcher", colour: str | None = None, always: bool = False) -> None:
        message = Message(type="line", data=text, time=datetime.now().astimezone(), name=name, colour=colour)
        self._file_printer.write(message)
        if self.shown or always:
            for printer in self._printers:
                printer.write(message)

    def close(self) -> None:
        self._file.close()


class Supervisor:
    """Runs programs until told to stop; a program that ends is started again after a pause.

    Single-threaded on purpose: children ask the kernel to die with the thread that started them.
    """

    def __init__(self, programs: list[Program], *, env: dict[str, str], cwd: Path, output: Output) -> None:
        self.children = [Child(program) for program in programs]
        self.output = output
        self.stop_requests = 0
        self.on_change: Callable[[dict[str, int]], None] = lambda _pids: None
        self._env, self._cwd = env, cwd
        self._inherited: tuple[int, ...] = ()
        self._selector = DefaultSelector()

    def inherit(self, descriptor: int) -> None:
        """Lets the children use an open descriptor (the listening socket)."""
        self._inherited += (descriptor,)

    def watch_signals(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal ask for a stop; asking twice means at once."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._selector.register(reader, EVENT_READ, reader)
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)

    def _request_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1

    def probe(self, address: tuple[str, int], path: str) -> Probe:
        return Probe(address, path, self._selector)

    def turn(self, seconds: float = 0.2) -> None:
        """One round: starts what is due, passes on output, notices what ended."""
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is not None and now >= child.restart_at:
                self._launch(child)
        self._pass_output(seconds)
        for child in self.children:
            self._notice_end(child)

    def _launch(self, child: Child) -> None:
        child.restart_at, child.pending = None, b""
        child.process = subprocess.Popen(
            # `exec` replaces the shell, so that signals reach the program itself.
            ["/bin/sh", "-c", f"exec {child.program.command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._cwd,
            env=self._env,
            pass_fds=self._inherited,
            start_new_session=True,  # Ctrl-C reaches only us, and we stop things in order
            preexec_fn=processes.die_with_parent(signal.SIGKILL),
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, EVENT_READ, child)
        child.launched_at = time.monotonic()
        self.on_change({one.program.name: one.pid for one in self.children if one.runs()})

    def _pass_output(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._read(key.data)
            elif isinstance(key.data, Probe):
                key.data.read()
            else:
                os.read(key.data, 4096)

    def _read(self, child: Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        chunk = child.process.stdout.read(65536)
        if chunk == b"":
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
        *lines, child.pending = (child.pending + (chunk or b"")).split(b"\n")
        if chunk == b"" and child.pending:
            lines.append(child.pending)
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            child.recent = [*child.recent[-19:], text]
            self.output.line(text, name=child.program.name, colour=child.program.colour)

    def _notice_end(self, child: Child) -> None:
        if child.process is None or child.restart_at is not None or child.runs():
            return
        if time.monotonic() - child.launched_at > STEADY_SECONDS:
            child.failures = 0
        child.failures += 1
        child.has_refused = child.process.returncode == os.EX_CONFIG
        pause = pause_before_restart(child.failures)
        child.restart_at = time.monotonic() + pause
        ended = f"{child.program.name} ended ({_how(child.process.returncode)})"
        self.output.line(f"{ended}; starting it again in {pause:g} s", always=True)

    def stop(self) -> None:
        """Ends all children, gently and in order; a further request (Ctrl-C) ends the rest at once."""
        first = min(self.stop_requests, 1)  # a request may have come before this stop, or an error caused it
        for child in self.children:
            child.restart_at = None
        for rank, patience in enumerate(PATIENCE):
            group = [child for child in self.children if child.program.stop_rank == rank and child.runs()]
            for child in group:
                os.killpg(child.pid, signal.SIGTERM)
            deadline = time.monotonic() + patience
            while any(child.runs() for child in group) and time.monotonic() < deadline:
                if self.stop_requests > first:
                    break
                self._pass_output(0.05)
        self._kill_rest()

    def _kill_rest(self) -> None:
        """Kills what is left: slow programs, and whatever programs have started and left behind."""
        groups = [child for child in self.children if child.process is not None]
        for child in groups:
            if child.runs():
                self.output.line(f"{child.program.name} did not end in time and was killed", always=True)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        deadline = time.monotonic() + 2
        while any(child.runs() or _has_members(child.pid) for child in groups) and time.monotonic() < deadline:
            self._pass_output(0.02)
        self._pass_output(0)
        self.on_change({})


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _how(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
