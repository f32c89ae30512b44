"""How is the answer written? By the first engine that manages; each that fails hands over in the same place."""

from collections.abc import Callable, Sequence

from apps.ai.errors import ProviderError
from apps.ai.pipeline.numbering import CitationNumbers
from apps.ai.types import AnswerProvider, Draft, DraftRequest, EngineFailure, Sink
from apps.core import clock


def draft(
    request: DraftRequest,
    engines: Sequence[AnswerProvider],
    *,
    sink: Sink,
    deadline: float,
    cancelled: Callable[[], bool],
) -> Draft:
    """Write the answer with the first of ``engines`` that does not fail, telling ``sink`` as text arrives.

    An engine that breaks off after its first text is replaced from the beginning (``sink.restart``). Raises the last
    engine's ``ProviderError``.
    """
    started = clock.monotonic()
    failures: list[EngineFailure] = []
    numbers = CitationNumbers(request.passages)
    for position, engine in enumerate(engines):
        writing = _Writing(numbers, sink, started)
        stream = engine.stream(request, deadline=deadline, cancelled=cancelled)
        try:
            for piece in stream:
                writing.add(numbers.feed(piece))
            writing.add(numbers.finish())
        except ProviderError as error:
            failures.append(EngineFailure(engine=engine.name, code=error.code, after_text=bool(writing.pieces)))
            if position == len(engines) - 1:
                raise
            writing.abandon()
            continue
        finally:
            stream.close()
        return Draft(
            text="".join(writing.pieces).strip(),
            cited=numbers.cited,
            unknown_markers=numbers.unknown,
            engine=engine.name,
            usage=stream.usage,
            first_text_ms=writing.first_text_ms,
            failures=tuple(failures),
        )
    raise ValueError("an answer needs at least one engine")


class _Writing:
    """What one engine has written so far."""

    def __init__(self, numbers: CitationNumbers, sink: Sink, started: float) -> None:
        self._numbers = numbers
        self._sink = sink
        self._started = started
        self.pieces: list[str] = []
        self.first_text_ms: float | None = None

    def add(self, text: str) -> None:
        if not text:
            return
        if self.first_text_ms is None:
            self.first_text_ms = (clock.monotonic() - self._started) * 1000
        self.pieces.append(text)
        self._sink.write(text)

    def abandon(self) -> None:
        self._numbers.restart()
        if self.pieces:
            self._sink.restart()
