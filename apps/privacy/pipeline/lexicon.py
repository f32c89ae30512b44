"""How are word lists kept? As text files beside the code: sections of words, read once per process.

Words are as ``folding`` writes them; "_" stands for a space, and in ``patterns.txt`` an entry is an expression.
"""

import functools
import re
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "data"
_SECTION: Final = re.compile(r"\[([a-z_]+)\]")

Sections = dict[str, tuple[str, ...]]


def read(name: str) -> Sections:
    """Return the sections of a file, each with its entries in order."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if (section := _SECTION.fullmatch(line)) is not None:
            current = sections.setdefault(section[1], [])
        elif not line.startswith("# "):
            current.extend(line.split())
    return {section: tuple(entries) for section, entries in sections.items()}


_read_once: Final = functools.cache(read)


def words(section: str) -> frozenset[str]:
    """Return a section of the words of context."""
    return frozenset(entry.replace("_", " ") for entry in _read_once("context.txt")[section])


def alternatives(section: str) -> str:
    """Return a section of the patterns as one expression that matches any of them."""
    return "|".join(entry.replace("_", " ") for entry in _read_once("patterns.txt")[section])


def compile_alternatives(section: str) -> re.Pattern[str]:
    """Return a section of the patterns, compiled."""
    return re.compile(alternatives(section))
