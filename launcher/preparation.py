"""What has to be done before the suite can serve, and what of it is still valid from last time?"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import StepFailed
from launcher.layout import PROJECT, Cluster, Layout, write_private
from launcher.terminal import Step, run_logged

# Settings that decide which vectors the demo's articles get.
_SETTINGS = ("KNOWLEDGE_", "EMBEDDINGS_")


@dataclass(frozen=True)
class Preparation:
    """One management command, and the files whose change makes it necessary again."""

    title: str
    command: tuple[str, ...]
    depends_on: tuple[str, ...]
    makes: str = ""  # relative to the data folder; missing means: do it again


MIGRATE = Preparation(
    "Preparing the database",
    ("migrate", "--no-input"),
    ("apps/*/migrations/*.py", "config/settings/base.py", "config/settings/vault.py", "requirements.txt"),
)
# Rows from before an upgrade. There are none in a new database, so it is a look.
PROTECT = (
    Preparation("Protecting earlier messages", ("protect_messages",), ("apps/conversations/migrations/*.py",)),
    Preparation("Sealing earlier traces", ("seal_traces",), ("apps/ai/migrations/*.py",)),
)
ENCODER = Preparation(
    "Building the sentence encoder",
    ("build_encoder",),
    ("apps/knowledge/**/*.py", "requirements.txt", "requirements-weights.txt"),
    makes="encoder",
)
STATIC = Preparation(
    "Collecting static files",
    ("collectstatic", "--no-input", "--verbosity", "0"),
    ("static/**/*", "demo/site/**/*", "config/settings/base.py", "requirements.txt"),
    makes="static",
)
DEMO = Preparation(
    "Loading the demo company",
    ("seed_demo",),
    ("demo/**/*", "apps/ops/management/**/*.py", "apps/knowledge/**/*.py", "apps/*/migrations/*.py"),
    makes="demo.json",
)


class Ledger:
    """Remembers, per step, the fingerprint of everything it was done with."""

    def __init__(self, layout: Layout, *, database: str, root: Path = PROJECT) -> None:
        self.root = root
        self._layout = layout
        self._path = layout.run / "prepared.json"
        self._database = database
        try:
            self._done: dict[str, str] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._done = {}

    def is_current(self, step: Preparation) -> bool:
        made = not step.makes or (self._layout.folder / step.makes).exists()
        return made and self._done.get(step.title) == self._fingerprint(step)

    def record(self, step: Preparation) -> None:
        self._done[step.title] = self._fingerprint(step)
        write_private(self._path, json.dumps(self._done, indent=2) + "\n")

    def _fingerprint(self, step: Preparation) -> str:
        digest = hashlib.sha256()
        settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(_SETTINGS))
        for part in (self._database, sys.version, " ".join(step.command), *settings):
            digest.update(part.encode() + b"\0")
        for path in self._files(step.depends_on):
            digest.update(str(path.relative_to(self.root)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _files(self, patterns: Iterable[str]) -> list[Path]:
        found = {path for pattern in patterns for path in self.root.glob(pattern) if path.is_file()}
        return sorted(path for path in found if "__pycache__" not in path.parts)


def identify_databases(layout: Layout, given: Mapping[str, str]) -> str:
    """A text that changes when the steps meet other databases than before."""
    clusters = ((layout.data_cluster, "DATABASE_URL"), (layout.key_cluster, "KEYVAULT_DATABASE_URL"))
    return " ".join(_identify(cluster, given.get(name)) for cluster, name in clusters)


def _identify(cluster: Cluster, given_url: str | None) -> str:
    if given_url:
        return hashlib.sha256(given_url.encode()).hexdigest()
    found = (cluster.data / "PG_VERSION").stat()
    return f"{found.st_ino}-{found.st_mtime_ns}"


def prepare(steps: list[Preparation], ledger: Ledger, *, env: dict[str, str], log: Path) -> None:
    """Does the steps that are due, showing progress. Raises StepFailed with the step's last words."""
    for step in steps:
        if ledger.is_current(step):
            continue
        shown = Step(step.title)
        command = [sys.executable, "manage.py", *step.command]
        status, lines = run_logged(command, log, shown.show, cwd=ledger.root, env=env)
        if status != 0:
            shown.failed()
            last = lines[-1] if lines else f"exit status {status}"
            raise StepFailed(f"{step.title} failed: {last} (all of it: {os.path.relpath(log)})")
        shown.done()
        ledger.record(step)
