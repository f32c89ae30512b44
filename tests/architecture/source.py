"""What does the tree consist of? The files that architecture tests read, parsed once."""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent.parent
CODE_FOLDERS = ("apps", "config", "worker", "launcher", "demo", "bench", "deploy", "tests")
# What others have written, and what is made while it runs.
_FOREIGN = frozenset({"__pycache__", "vendor", "node_modules"})
_FOR_TOOLS = ("# noqa", "# type:")


@cache
def list_files(*folders: str, suffix: str) -> tuple[Path, ...]:
    """Return the files below these folders of the project, in order."""
    found = (path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}"))
    return tuple(sorted(path for path in found if not _FOREIGN & set(path.parts)))


def list_modules(*folders: str) -> tuple[Path, ...]:
    """Return the Python files below these folders."""
    return list_files(*folders, suffix=".py")


def show(path: Path) -> str:
    """Return a path as it is written in the project."""
    return path.relative_to(ROOT).as_posix()


@cache
def read(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


@cache
def parse(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(read(path), filename=str(path))


@cache
def list_comment_lines(path: Path) -> frozenset[int]:
    """Return the numbers of the lines that have a comment for people."""
    tokens = tokenize.generate_tokens(io.StringIO(read(path)).readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    return frozenset(token.start[0] for token in comments if not token.string.startswith(_FOR_TOOLS))


def has_comment_above(path: Path, line: int, *, within: int = 3) -> bool:
    """Tell whether a comment stands on this line or on one of the few above it."""
    return any(number in list_comment_lines(path) for number in range(line - within, line + 1))


def list_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Return line and dotted name of everything a module imports."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def list_models() -> list[type[models.Model]]:
    """Return the models of our apps."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("apps.")]
    return [model for config in ours for model in config.get_models()]
