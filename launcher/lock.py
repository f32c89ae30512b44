"""How do the `.in` files become lock files that hold for every platform at once?"""

import subprocess
import sys
from pathlib import Path

from launcher.errors import StepFailed
from launcher.layout import PROJECT
from launcher.terminal import Step

_COMMON = (
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-annotate",
)
_LOCKS = {
    "requirements": (),
    "requirements-weights": ("--no-deps",),  # what it declares to need (torch, CUDA) is not needed to read it
    "requirements-dev": (),
}


def lock(*, upgrade: bool) -> int:
    """Writes all lock files; versions stay as they are unless the `.in` files or `upgrade` say otherwise."""
    uv = str(Path(sys.executable).parent / "uv")
    for name, options in _LOCKS.items():
        step = Step(f"{name}.txt")
        command = [uv, "pip", "compile", *_COMMON, *options, *(["--upgrade"] if upgrade else [])]
        command += [f"{name}.in", "-o", f"{name}.txt"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            step.failed()
            raise StepFailed(f"{name}.in cannot be resolved: {done.stderr[-400:]}")
        step.done()
    return 0
