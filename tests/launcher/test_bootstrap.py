"""Does a bare checkout set itself up, and does a machine that lacks something get one clear line?"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import bootstrap
from launcher.layout import PROJECT

LOCKS = ("requirements.txt", "requirements-weights.txt", "requirements-dev.txt")
SetUp = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout whose lock files name no package."""
    root = tmp_path / "checkout"
    shutil.copytree(PROJECT / "launcher", root / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    for name in LOCKS:
        (root / name).write_text("# nothing\n")
    return root


@pytest.fixture
def set_up(checkout: Path) -> SetUp:
    """Runs the set-up as a newcomer would, optionally after a bit of Python that changes the machine."""

    def run(*options: str, machine: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        program = f"import sys\n{machine}\nsys.argv[1:] = {list(options)!r}\n"
        program += "from launcher.bootstrap import main\nsys.exit(main())"
        given = {name: value for name, value in os.environ.items() if name not in ("VAR_DIR", "MIN_FREE_GB")}
        return subprocess.run(
            [os.path.realpath(sys.executable), "-c", program],
            cwd=checkout,
            env=given | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.mark.parametrize("name", ["__init__", "bootstrap", "terminal"])
def test_the_set_up_can_be_read_by_python_3_8(name: str) -> None:
    source = (PROJECT / "launcher" / f"{name}.py").read_text()

    ast.parse(source, feature_version=(3, 8))


def test_the_set_up_needs_only_the_standard_library() -> None:
    used: set[str] = set()
    for name in ("bootstrap", "terminal"):
        source = (PROJECT / "launcher" / f"{name}.py").read_text()
        used |= set(re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE))

    assert used - {"launcher"} <= sys.stdlib_module_names


def test_an_old_python_without_a_newer_one_is_told_so(set_up: SetUp, tmp_path: Path) -> None:
    done = set_up(machine="sys.version_info = (3, 8, 18, 'final', 0)", PATH=str(tmp_path))

    version = ".".join(str(part) for part in sys.version_info[:3])
    advice = "install it, or name it: `PYTHON=/path/to/python3.12 make up`"
    assert done.returncode == 1
    assert done.stderr == f"switchboard: Python 3.11 or newer is needed, this is {version}: {advice}.\n"


def test_an_old_python_hands_over_to_a_newer_one_of_this_machine(set_up: SetUp, tmp_path: Path) -> None:
    newer = tmp_path / "python3.12"
    newer.write_text('#!/bin/sh\necho "newer: $@"\n')
    newer.chmod(0o755)

    done = set_up("--dev", machine="sys.version_info = (3, 8, 18, 'final', 0)", PATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (0, "newer: -m launcher.bootstrap --dev\n")


def test_a_missing_venv_module_is_told_with_its_package(set_up: SetUp) -> None:
    done = set_up(machine="sys.modules['ensurepip'] = None")

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert done.returncode == 1
    assert done.stderr == f"switchboard: Python's venv module is missing: `sudo apt install python{version}-venv`.\n"


def test_a_full_disk_is_told_before_anything_is_fetched(set_up: SetUp, checkout: Path) -> None:
    done = set_up(MIN_FREE_GB="1000000")

    assert done.returncode == 1
    assert re.fullmatch(
        r"switchboard: no disk space: [\d.]+ GB are free, 1e\+06 GB are needed \(MIN_FREE_GB\)\.\n", done.stderr
    )
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        ("platform.system = lambda: 'Windows'", "there are no wheels for Windows on x86_64"),
        ("platform.machine = lambda: 'riscv64'", "there are no wheels for Linux on riscv64"),
        ("platform.libc_ver = lambda: ('', '')", "there are no wheels for this Linux, its C library is not glibc"),
    ],
)
def test_a_platform_without_wheels_is_told_before_anything_is_fetched(
    machine: str, told: str, set_up: SetUp, checkout: Path
) -> None:
    pinned = "import platform\nplatform.system = lambda: 'Linux'\nplatform.machine = lambda: 'x86_64'\n"

    done = set_up(machine=pinned + machine)

    assert done.returncode == 1
    assert done.stderr.startswith(f"switchboard: {told}")
    assert done.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()


def _done(run: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^  \S+ ([A-Z][A-Za-z ]*[a-z]) +[\d.]+ s$", run.stdout, re.MULTILINE)


def test_a_checkout_is_set_up_once_and_completed_when_something_changes(set_up: SetUp, checkout: Path) -> None:
    first = set_up()
    assert (first.returncode, first.stderr) == (0, "")
    assert _done(first) == [
        "Creating the Python environment",
        "Installing packages",
        "Fetching the sentence encoder",
    ]
    assert (checkout / ".venv" / "bin" / "python").exists()

    again = set_up()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    tools = set_up("--dev")
    assert _done(tools) == ["Installing development tools"]

    (checkout / "requirements.txt").write_text("# changed\n")
    changed = set_up("--dev")
    assert _done(changed) == ["Installing packages"]

    stamp = checkout / ".venv" / "switchboard.json"
    stamp.write_text(stamp.read_text().replace("{", '{"unfinished": "requirements.txt",', 1))
    recovered = set_up()
    assert _done(recovered)[0] == "Creating the Python environment"
    assert set_up().stdout == ""


def test_an_environment_that_was_moved_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "switchboard.json")
    assert bootstrap.environment_is_here()

    bootstrap.write_stamp({"place": str(bootstrap.VENV)})
    assert bootstrap.environment_is_here()
    bootstrap.write_stamp({"place": "/elsewhere/.venv"})
    assert not bootstrap.environment_is_here()


def test_pip_failures_are_told_in_one_line_and_tried_again(set_up: SetUp, checkout: Path) -> None:
    (checkout / "requirements.txt").write_text(f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")

    wheel = set_up(PIP_NO_INDEX="1")
    network = set_up(PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1", PIP_FIND_LINKS="")
    (checkout / "requirements.txt").write_text("# nothing\n")
    cured = set_up()

    assert "switchboard: no wheel of nowhere==1.0 for this platform (" in wheel.stderr
    assert wheel.stderr.endswith(" (log: var/log/setup.log)\n")
    expected = "switchboard: no network: could not reach the package index (log: var/log/setup.log)\n"
    assert network.stderr == expected
    assert "nowhere" in (checkout / "var" / "log" / "setup.log").read_text()
    assert (wheel.returncode, network.returncode, cured.returncode) == (1, 1, 0)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no disk space left",
        ),
        (
            "  NewConnectionError('…: Failed to establish a new connection: [Errno -3] Temporary failure in name …')",
            "no network",
        ),
        (
            "ReadTimeoutError(\"HTTPSConnectionPool(host='…', port=443): Read timed out.\")",
            "the package index did not answer",
        ),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …'))",
            "the package index has no certificate",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "a downloaded package is not the one",
        ),
        (
            "The virtual environment was not created successfully because ensurepip is not available.",
            "Python's venv module is incomplete",
        ),
        ("ERROR: Something else", "set-up failed: ERROR: Something else"),
    ],
)
def test_what_pip_says_is_translated(said: str, told: str) -> None:
    line = bootstrap.explain(["Collecting x", said], Path("var/log/setup.log"))

    assert line.startswith(told)
    assert "\n" not in line


def test_every_direct_dependency_is_locked_with_hashes() -> None:
    for name in LOCKS:
        lock = (PROJECT / name).read_text()
        wanted = re.findall(r"^([A-Za-z0-9._-]+)", (PROJECT / name).with_suffix(".in").read_text(), re.MULTILINE)
        locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))

        assert {one.lower() for one in wanted if not one.startswith("-")} <= locked
        entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE).strip())
        assert all("--hash=sha256:" in entry for entry in entries)
