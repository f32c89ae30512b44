"""Can a suite be looked at, stopped and started over from another terminal?"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.embedded import EmbeddedServices, running
from launcher.layout import PROJECT, Layout

if TYPE_CHECKING:
    from tests.launcher.conftest import Suite

    MakeSuite = Callable[..., Suite]

READY = "Ctrl-C stops everything"


def _launcher(folder: Path, *words: str, answer: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "launcher", "--var", str(folder), *words],
        cwd=PROJECT,
        input=answer or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_stop_ends_a_suite_of_another_terminal(suite: "MakeSuite", folder: Path) -> None:
    one = suite("web: WEB\n", embedded=True).start()
    one.read_until(READY)

    assert _launcher(folder, "stop") == (0, "Stopped.\n")

    assert one.end()[0] == 0
    assert one.programs() == []


def test_stop_ends_services_that_a_command_uses(folder: Path) -> None:
    services = EmbeddedServices(folder, durable=False)
    services.start()

    assert _launcher(folder, "stop") == (0, "Stopped.\n")

    assert services.pids() == {}
    services.stop()


def test_stop_of_nothing_is_no_error(folder: Path) -> None:
    assert _launcher(folder, "stop") == (0, "Nothing runs here.\n")


def test_status_tells_what_runs(suite: "MakeSuite", folder: Path) -> None:
    assert _launcher(folder, "status") == (3, "Switchboard is not up from this folder.\n")
    one = suite("web: WEB\nbeat: sleep 600\n").start()
    one.read_until(READY)

    status, shown = _launcher(folder, "status")

    assert status == 0
    assert [line.split()[0] for line in shown.splitlines()] == ["web", "beat", "Switchboard"]
    assert shown.endswith(": ready\n")


def test_reset_removes_everything_after_a_yes(folder: Path) -> None:
    with running(folder, durable=False):
        pass

    status, shown = _launcher(folder, "reset", answer="yes\n")

    assert status == 0
    assert f"This removes {folder} with all conversations, customers and files in it." in shown
    assert not folder.exists()


def test_reset_removes_nothing_without_a_yes(folder: Path) -> None:
    Layout.of(folder).make_folders()

    for answer in ("no\n", "y\n", ""):
        assert _launcher(folder, "reset", answer=answer)[0] == 1

    assert (folder / "run").exists()


def test_reset_is_refused_while_something_runs(folder: Path) -> None:
    with running(folder, durable=False):
        pid = EmbeddedServices(folder).pids()["keeper"]

        status, shown = _launcher(folder, "reset", "--yes")

    assert (status, shown) == (1, f"switchboard: something runs on {folder} (pid {pid}): `make stop` first.\n")
    assert (folder / "postgres").exists()


def test_reset_never_removes_the_project_or_a_home() -> None:
    for place in (PROJECT, PROJECT.parent, Path.home()):
        status, shown = _launcher(place, "reset", "--yes")

        assert (status, "is no data folder" in shown) == (1, True)
    assert (PROJECT / "manage.py").exists()


def test_reset_of_nothing_is_no_error(folder: Path) -> None:
    assert _launcher(folder, "reset") == (0, "There is nothing to remove.\n")
    assert list(folder.parent.iterdir()) == []
