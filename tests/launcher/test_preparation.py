"""Are preparation steps done once, and again only when something they rest on has changed?"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.errors import StepFailed
from launcher.layout import Layout
from launcher.preparation import Ledger, Preparation, prepare


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose manage.py writes down what it was asked."""
    root = tmp_path / "project"
    (root / "apps").mkdir(parents=True)
    (root / "apps" / "models.py").write_text("a = 1\n")
    (root / "manage.py").write_text(
        "import sys, pathlib\n"
        "with open('asked', 'a') as file: file.write(sys.argv[1] + '\\n')\n"
        "if sys.argv[1] == 'explode': raise SystemExit('the table is on fire')\n"
        "pathlib.Path('var/made').touch()\n"
    )
    return root


@pytest.fixture
def run(project: Path) -> Callable[..., list[str]]:
    """Prepares one step and returns all commands asked for so far."""
    layout = Layout.of(project / "var")
    layout.make_folders()

    def once(command: str = "migrate", *, database: str = "one", makes: str = "") -> list[str]:
        step = Preparation("A step", (command,), ("apps/**/*.py",), makes)
        ledger = Ledger(layout, database=database, root=project)
        prepare([step], ledger, env=dict(os.environ), log=layout.log / "setup.log")
        return (project / "asked").read_text().split()

    return once


def test_a_step_is_done_once(run: Callable[..., list[str]]) -> None:
    assert run() == ["migrate"]
    assert run() == ["migrate"]


def test_a_step_is_done_again_when_a_file_it_rests_on_changes(run: Callable[..., list[str]], project: Path) -> None:
    run()

    (project / "apps" / "models.py").write_text("a = 2\n")

    assert run() == ["migrate", "migrate"]


def test_a_step_is_done_again_when_a_file_is_added(run: Callable[..., list[str]], project: Path) -> None:
    run()

    (project / "apps" / "views.py").write_text("")

    assert run() == ["migrate", "migrate"]


def test_a_step_is_done_again_for_another_database(run: Callable[..., list[str]]) -> None:
    run()

    assert run(database="two") == ["migrate", "migrate"]


def test_a_step_is_done_again_when_what_it_made_is_gone(run: Callable[..., list[str]], project: Path) -> None:
    run(makes="made")

    (project / "var" / "made").unlink()

    assert run(makes="made") == ["migrate", "migrate"]


def test_a_step_that_fails_is_told_in_one_line_and_tried_again(run: Callable[..., list[str]], project: Path) -> None:
    with pytest.raises(StepFailed, match="A step failed: the table is on fire") as caught:
        run("explode")

    assert "\n" not in str(caught.value)
    assert "the table is on fire" in (project / "var" / "log" / "setup.log").read_text()
    with pytest.raises(StepFailed):
        run("explode")
    assert (project / "asked").read_text().split() == ["explode", "explode"]
