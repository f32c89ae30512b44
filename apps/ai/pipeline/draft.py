"""How is the answer written? By the first engine that manages; each that fails hands over in the same place."""

from collections.abc import Callable, Sequence

from apps.ai.errors import ProviderError
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
    for position, engine in enumerate(engines):
        pieces: list[str] = []
        stream = engine.stream(request, deadline=deadline, cancelled=cancelled)
        first_text_ms = None
        try:
            for piece in stream:
                if first_text_ms is None:
                    first_text_ms = (clock.monotonic() - started) * 1000
                pieces.append(piece)
                sink.write(piece)
        except ProviderError as error:
            failures.append(EngineFailure(engine=engine.name, code=error.code, after_text=bool(pieces)))
            if position == len(engines) - 1:
                raise
            if pieces:
                sink.restart()
            continue
        finally:
            stream.close()
        return Draft(
            text="".join(pieces).strip(),
            engine=engine.name,
            usage=stream.usage,
            first_text_ms=first_text_ms,
            failures=tuple(failures),
        )
    raise ValueError("an answer needs at least one engine")
