"""Values for tests of the AI."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from apps.ai.errors import ModelStalled
from apps.ai.types import Draft, DraftRequest, Grounding, GroundingPassage, Usage
from apps.core.ids import uuid7


def passage(n: int, text: str, *, title: str = "Delivery") -> GroundingPassage:
    """Return a passage to rest on."""
    return GroundingPassage(
        n=n,
        passage_id=uuid7(),
        document_id=uuid7(),
        title=title,
        heading="",
        text=text,
        score=0.9,
        coverage=0.9,
        dense=0.8,
    )


def grounding(*passages: GroundingPassage, confidence: float = 0.9) -> Grounding:
    """Return what an answer may rest on."""
    return Grounding(
        passages=passages,
        confidence=confidence,
        epoch=1,
        encode_ms=1.0,
        search_ms=1.0,
        considered=len(passages),
        degraded=False,
    )


def written(text: str, *cited: GroundingPassage, finish: Literal["stop", "not_found", "small_talk"] = "stop") -> Draft:
    """Return an unchecked answer whose [1] is the first of ``cited``."""
    return Draft(
        text=text,
        cited=cited,
        unknown_markers=0,
        engine="model",
        usage=Usage(finish=finish),
        first_text_ms=1.0,
        failures=(),
    )


def request(*passages: GroundingPassage) -> DraftRequest:
    """Return a request for an answer."""
    return DraftRequest(
        question="How long is delivery?",
        turns=(),
        passages=passages,
        language="en",
        organisation_name="Acme Rail",
        assistant_name="Alba",
    )


class ScriptedStream:
    """Says its pieces, then stalls if told to."""

    usage = Usage(finish="stop")

    def __init__(self, pieces: Sequence[str], *, stalls: bool) -> None:
        self._pieces = iter(pieces)
        self._stalls = stalls
        self.is_closed = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        piece = next(self._pieces, None)
        if piece is not None:
            return piece
        if self._stalls:
            raise ModelStalled
        raise StopIteration

    def close(self) -> None:
        self.is_closed = True


class ScriptedEngine:
    """An engine that says what it is told to."""

    def __init__(self, name: Literal["builtin", "model"], pieces: Sequence[str], *, stalls: bool = False) -> None:
        self.name: Literal["builtin", "model"] = name
        self._pieces = pieces
        self._stalls = stalls
        self.streams: list[ScriptedStream] = []

    def stream(self, request: DraftRequest, *, deadline: float, cancelled: Callable[[], bool]) -> ScriptedStream:
        stream = ScriptedStream(self._pieces, stalls=self._stalls)
        self.streams.append(stream)
        return stream


class Notebook:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, piece: str) -> None:
        self.lines.append(piece)

    def restart(self) -> None:
        self.lines.append("<restart>")
