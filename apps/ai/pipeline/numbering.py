"""How are sources numbered for the reader? From 1, in the order in which the answer first cites them.

Engines cite by the passage's number in the prompt. This translates while the text streams, so that what is shown
while writing and what is stored in the end are the same. A marker that names no passage is left out.
"""

import re
from collections.abc import Iterable

from apps.ai.types import GroundingPassage

_MARKER = re.compile(r"\[(\d{1,3})\]")
# What may be the beginning of a marker that the next piece completes.
_UNFINISHED = re.compile(r"\[\d{0,3}\Z")


class CitationNumbers:
    """Translates one answer, piece by piece."""

    def __init__(self, passages: Iterable[GroundingPassage]) -> None:
        self._known = {passage.n: passage for passage in passages}
        self._order: dict[int, int] = {}
        self._held = ""
        self.unknown = 0

    @property
    def cited(self) -> tuple[GroundingPassage, ...]:
        """The passages cited so far; the first is [1]."""
        return tuple(self._known[n] for n in self._order)

    def feed(self, piece: str) -> str:
        """Return the text that can be shown now; the beginning of a marker waits for its end."""
        text = self._held + piece
        unfinished = _UNFINISHED.search(text)
        cut = len(text) if unfinished is None else unfinished.start()
        self._held = text[cut:]
        return _MARKER.sub(self._translate, text[:cut])

    def finish(self) -> str:
        """Return what was held back: it was not a marker."""
        held, self._held = self._held, ""
        return held

    def restart(self) -> None:
        """Forget everything: the answer begins anew."""
        self._order.clear()
        self._held = ""

    def _translate(self, match: re.Match[str]) -> str:
        n = int(match[1])
        if n not in self._known:
            self.unknown += 1
            return ""
        return f"[{self._order.setdefault(n, len(self._order) + 1)}]"
