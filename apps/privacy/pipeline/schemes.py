"""What is a numbering scheme? A shape, perhaps a check, the words that speak of it, and what proves it alone.

A scheme is *strong* where shape and check prove it (or where it is written in a shape of its own); all others count
only beside one of their words, or where the text comes from their region.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.privacy.types import Kind

Check = Callable[[str], bool]
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Za-z0-9]+")
STRONG: Final = "always"
LIKELY: Final = 0.75
_RIGHT: Final = r"(?![A-Za-z0-9])(?![-.]\d)"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One numbering scheme; its expressions are compiled at their first use.

    ``glued`` schemes are so distinct that they are found even where a space is missing before them; ``likely`` is the
    score of a proof by shape.
    """

    name: str
    kind: Kind
    shape: str
    check: Check | None
    words: str
    strong: str
    glued: bool
    likely: float

    @property
    def region(self) -> str:
        """The region whose texts this scheme belongs to, for schemes that are named for one."""
        return self.name[:2].upper()

    @property
    def core(self) -> str:
        """The shape with its right border, its group named, so that many can stand in one expression."""
        named = re.sub(r"(?<!\\)\((?!\?)", f"(?P<{self.name}_s>", self.shape, count=1)
        named = named.replace(r"\1", f"(?P={self.name}_s)")
        return f"(?:{named}){_RIGHT}"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression that finds it in a text."""
        left = r"(?<!\d)" if self.glued else r"(?<![A-Za-z0-9])"
        return compile_once(rf"{left}(?<!\d[-.]){self.core}")

    def is_named(self, before: str, after: str) -> bool:
        """Say whether one of its words stands before or after."""
        if not self.words:
            return False
        words = compile_once(rf"(?<![a-z])(?:{self.words})")
        return words.search(before) is not None or words.search(after) is not None

    def is_proved(self, written: str) -> bool:
        """Say whether the writing alone proves it."""
        if not self.strong or self.strong == STRONG:
            return bool(self.strong)
        # Plates and postcodes are too short to prove themselves in lower case.
        exact = self.kind in (Kind.VEHICLE, Kind.POSTCODE)
        return compile_once(self.strong, ignore_case=not exact).fullmatch(written) is not None

    def passes(self, written: str) -> bool:
        """Say whether a writing that has the shape also passes the check."""
        return self.check is None or self.check(compact(written))


def scheme(
    name: str,
    kind: Kind,
    shape: str,
    check: Check | None = None,
    *,
    words: str = "",
    strong: str = "",
    glued: bool = False,
    likely: float = LIKELY,
) -> Scheme:
    """Return a row of the table; ``strong`` is the shape that proves it, or ``STRONG`` for every shape."""
    return Scheme(name, kind, shape, check, words, strong, glued, likely)


@functools.cache
def compile_once(pattern: str, *, ignore_case: bool = True) -> re.Pattern[str]:
    """Return a compiled expression, the same for the same text."""
    return re.compile(pattern, re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG))


def compact(written: str) -> str:
    """Return a number without its separators, in upper case."""
    return _NOT_ALPHANUMERIC.sub("", written).upper()
