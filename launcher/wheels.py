"""On which platforms can every locked package be installed without a compiler?"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from launcher.layout import PROJECT

# glibc 2.28: Debian 10, Ubuntu 20.04 and later. macOS 14 is the oldest that all packages have wheels for.
PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux ARM64": "aarch64-manylinux_2_28",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
    "macOS 14, Intel": "x86_64-apple-darwin",
}
_OLDEST_MACOS = "14.0"
PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = ("requirements.txt", "requirements-weights.txt", "requirements-dev.txt")


def show_coverage() -> int:
    """Prints a table; 0 if every package has a wheel for every platform and Python."""
    cells = list(product(LOCKS, PLATFORMS, PYTHONS))
    with ThreadPoolExecutor(4) as pool:
        problems = dict(zip(cells, pool.map(lambda cell: find_problem(*cell), cells), strict=True))
    for lock in LOCKS:
        print(f"{lock:<26}" + "".join(f"{f'Python {one}':<14}" for one in PYTHONS))
        for platform in PLATFORMS:
            shown = ["complete" if problems[lock, platform, one] is None else "MISSING" for one in PYTHONS]
            print(f"  {platform:<24}" + "".join(f"{one:<14}" for one in shown))
    found = {(lock, platform, python): text for (lock, platform, python), text in problems.items() if text}
    for (lock, platform, python), text in found.items():
        print(f"{lock}, {platform}, Python {python}: {text}")
    return 1 if found else 0


def find_problem(lock: str, platform: str, python: str) -> str | None:
    """None if all of the lock resolves to wheels there, else the resolver's reason."""
    with tempfile.TemporaryDirectory() as target:
        command = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--dry-run", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "--python-version", python]
        command += ["--python-platform", PLATFORMS[platform], "--target", target, "-r", str(PROJECT / lock)]
        env = dict(os.environ) | {"MACOSX_DEPLOYMENT_TARGET": _OLDEST_MACOS}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode == 0:
        return None
    return " ".join(done.stderr.split())[-600:] or f"exit status {done.returncode}"
