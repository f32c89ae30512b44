"""How is the answer written? By the first engine that manages; each that fails hands over in the same place."""

from collections.abc import Callable, Sequence

from apps.ai.errors import ProviderError
from apps.ai.pipeline.numbering import CitationNumbers
from apps.ai.pipeline.personal import PersonalTokens
from apps.ai.types import AnswerProvider, Draft, DraftRequest, EngineFailure, Sink
from apps.core import clock
from apps.privacy.types import TokenTable


def draft(
    request: DraftRequest,
    engines: Sequence[AnswerProvider],
    *,
    tokens: TokenTable,
    sink: Sink,
    deadline: float,
    cancelled: Callable[[], bool],
) -> Draft:
    """Write the answer with the first of ``engines`` that does not fail, telling ``sink`` as text arrives.

    No engine sees ``tokens``; they say which tokens in the answer stand for something.
    An engine that breaks off after its first text is replaced from the beginning (``sink.restart``). Raises the last
    engine's ``ProviderError``.
    """
    started = clock.monotonic()
    failures: list[EngineFailure] = []
    numbers = CitationNumbers(request.passages)
    personal = PersonalTokens(tokens, request.language)
    for position, engine in enumerate(engines):
        writing = _Writing(numbers, personal, sink, started)
        stream = engine.stream(request, deadline=deadline, cancelled=cancelled)
        try:
            for piece in stream:
                writing.add(piece)
            writing.finish()
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

    def __init__(self, numbers: CitationNumbers, personal: PersonalTokens, sink: Sink, started: float) -> None:
        self._numbers = numbers
        self._personal = personal
        self._sink = sink
        self._started = started
        self.pieces: list[str] = []
        self.first_text_ms: float | None = None

    def add(self, piece: str) -> None:
        self._pass_on(self._personal.feed(self._numbers.feed(piece)))

    def finish(self) -> None:
        self._pass_on(self._personal.feed(self._numbers.finish()))
        self._pass_on(self._personal.finish())

    def abandon(self) -> None:
        self._numbers.restart()
        self._personal.restart()
        if self.pieces:
            self._sink.restart()

    def _pass_on(self, text: str) -> None:
        if not text:
            return
        if self.first_text_ms is None:
            self.first_text_ms = (clock.monotonic() - self._started) * 1000
        self.pieces.append(text)
        self._sink.write(text)
