"""Are programs restarted with growing pauses and stopped in order?"""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import processes
from launcher.procfile import Program
from launcher.supervisor import Output, Supervisor, pause_before_restart


class Stage:
    """A supervisor over small shell programs, and what it wrote."""

    def __init__(self, folder: Path, commands: dict[str, str]) -> None:
        self.stream = io.StringIO()
        self.log = folder / "suite.log"
        self.output = Output(self.log, list(commands), stream=self.stream)
        programs = [Program(name, command, "32") for name, command in commands.items()]
        self.supervisor = Supervisor(programs, env=dict(os.environ), cwd=folder, output=self.output)

    def turn_until(self, condition: Callable[[], object]) -> None:
        for _ in range(400):
            if condition():
                return
            self.supervisor.turn(0.05)
        raise AssertionError(f"it never happened: {self.log.read_text()}")

    def pid(self, name: str) -> int:
        return next(child.pid for child in self.supervisor.children if child.program.name == name)

    def close(self) -> None:
        self.supervisor.stop_requests = 2
        self.supervisor.stop()
        self.output.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Stage]]:
    made: list[Stage] = []

    def make(commands: dict[str, str]) -> Stage:
        made.append(Stage(tmp_path, commands))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_pauses_double_from_half_a_second_to_ten() -> None:
    assert [pause_before_restart(failures) for failures in range(1, 9)] == [0.5, 1, 2, 4, 8, 10, 10, 10]


def test_a_program_that_ends_is_started_again_after_a_pause(stage: Callable[..., Stage]) -> None:
    one = stage({"worker-a": "sh -c 'echo round; exit 3'"})

    one.turn_until(lambda: one.supervisor.children[0].failures == 2)

    shown = one.stream.getvalue()
    assert "worker-a ended (exit status 3); starting it again in 0.5 s" in shown
    assert "worker-a ended (exit status 3); starting it again in 1 s" in shown
    assert one.log.read_text().count("round") == 2


def test_a_program_ended_by_a_signal_says_so(stage: Callable[..., Stage]) -> None:
    one = stage({"worker-a": "sh -c 'kill -9 $$'"})

    one.turn_until(lambda: "killed by SIGKILL" in one.stream.getvalue())


def test_output_goes_to_the_log_and_to_the_terminal_only_once_wanted(stage: Callable[..., Stage]) -> None:
    one = stage({"worker-a": "sh -c 'echo early; read -r line < go; echo late; sleep 60'"})
    os.mkfifo(one.log.parent / "go")
    one.turn_until(lambda: "early" in one.log.read_text())

    one.output.shown = True
    (one.log.parent / "go").write_text("go\n")
    one.turn_until(lambda: "late" in one.log.read_text())

    assert "worker-a | late" in one.stream.getvalue()
    assert "early" not in one.stream.getvalue()


def test_output_that_is_no_utf8_and_has_no_line_end_is_kept(stage: Callable[..., Stage]) -> None:
    one = stage({"worker-a": r"printf 'caf\351 na\303\257ve'"})

    one.turn_until(lambda: "caf\N{REPLACEMENT CHARACTER} naïve" in one.log.read_text())


def test_programs_are_stopped_in_order(stage: Callable[..., Stage], tmp_path: Path) -> None:
    command = "sh -c 'trap \"echo {0} >> order; exit 0\" TERM; echo up; while true; do sleep 0.05; done'"
    one = stage({name: command.format(name) for name in ("beat", "worker-a", "web")})
    one.turn_until(lambda: one.log.read_text().count("up") == 3)
    pids = [one.pid(name) for name in ("beat", "worker-a", "web")]

    one.supervisor.stop()

    assert (tmp_path / "order").read_text().split() == ["web", "worker-a", "beat"]
    assert not any(processes.is_alive(pid) for pid in pids)


def test_children_of_programs_are_stopped_with_them(stage: Callable[..., Stage], tmp_path: Path) -> None:
    one = stage({"worker-a": "sh -c 'sleep 600 & echo $! > child; sleep 600'"})
    one.turn_until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().endswith("\n"))

    one.supervisor.stop()

    assert not processes.is_alive(int((tmp_path / "child").read_text()))
