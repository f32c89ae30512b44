"""Is everything in order? All checks as one tidy list that names every failure at its end."""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from launcher.embedded import running
from launcher.errors import StillRunning
from launcher.layout import PROJECT, FileLock, Layout
from launcher.terminal import Step, run_logged

_BIN = Path(sys.executable).parent
_SHOWN_LINES = 40
_MANAGE = (sys.executable, "manage.py")


@dataclass(frozen=True)
class Check:
    """One command that must succeed. A `live` one shows its own output, others only if they fail."""

    title: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    live: bool = False


def list_checks(*, everything: bool) -> list[Check]:
    """`make check` leaves out what needs real processes or a browser; `make test` runs everything."""
    production = {
        "SWITCHBOARD_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "support.example.org",
    }
    selection = () if everything else ("-m", "not journey and not browser")
    return [
        Check("Format", (str(_BIN / "ruff"), "format", "--check", "--quiet", ".")),
        Check("Lint", (str(_BIN / "ruff"), "check", "--output-format", "concise", ".")),
        Check("Import contracts", (str(_BIN / "lint-imports"), "--no-cache")),
        Check("Types", (str(_BIN / "mypy"), ".")),
        Check("Migrations match the models", (*_MANAGE, "makemigrations", "--check", "--dry-run")),
        Check("Deployment settings", (*_MANAGE, "check", "--deploy", "--fail-level", "WARNING"), production),
        Check("Docs match the code", (*_MANAGE, "docs", "--check")),
        Check("Tests", (sys.executable, "-m", "pytest", "-n", "logical", "--quiet", *selection), live=True),
    ]


def run_checks(folder: Path, *, everything: bool) -> int:
    """Runs all checks, also after a failure; 0 if all passed. Raises StillRunning if another run is on."""
    layout = Layout.of(folder / "test")
    layout.make_folders()
    lock = FileLock(layout.lock("check"))
    if not lock.acquire(wait=False):
        raise StillRunning("checks are running in this checkout already.")
    env = dict(os.environ) | {"PYTHONUNBUFFERED": "1", "VAR_DIR": str(layout.folder)}
    log = layout.log / "check.log"
    log.write_text("")
    print("Checks:", flush=True)
    with running(layout.folder, durable=False):
        failed = [check for check in list_checks(everything=everything) if not _passes(check, env, log)]
    lock.release()
    for check in failed:
        print(f"  FAILED: {check.title}  ({' '.join(check.command)})")
    print(
        "Everything is in order." if not failed else f"{len(failed)} checks failed; all output: {log}",
        flush=True,
    )
    return 1 if failed else 0


def _passes(check: Check, env: dict[str, str], log: Path) -> bool:
    step = Step(check.title)
    lines: list[str] = []
    if check.live:
        print(flush=True)
        done = subprocess.run(check.command, cwd=PROJECT, env=env | check.env, stdin=subprocess.DEVNULL, check=False)
        status = done.returncode
    else:
        status, lines = run_logged(list(check.command), log, step.show, cwd=PROJECT, env=env | check.env)
    if status == 0:
        step.done()
        return True
    step.failed()
    for line in lines[-_SHOWN_LINES:]:
        print(f"      {line}")
    return False
