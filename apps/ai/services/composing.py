"""How does a question become an answer? The pipeline, the same for chats, commands and evaluations."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from apps.ai.pipeline.check import check
from apps.ai.pipeline.draft import draft
from apps.ai.pipeline.retrieve import retrieve
from apps.ai.pipeline.understand import understand
from apps.ai.services import engines
from apps.ai.types import Answer, DraftRequest, Sink, Turn
from apps.core import clock, connections
from apps.privacy.types import TokenTable

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

# Time for the built-in engine when the model has used up its own.
RESERVE_SECONDS = 5.0


class Silence:
    """A sink for answers nobody watches."""

    def write(self, piece: str) -> None:
        """Ignore the text."""

    def restart(self) -> None:
        """Ignore that it begins anew."""


def compose_answer(
    *,
    organisation: "Organisation",
    text: str,
    turns: Sequence[Turn],
    tokens: TokenTable,
    deadline: float,
    sink: Sink | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Answer:
    """Answer ``text`` from the knowledge of the organisation in scope.

    ``text`` and ``turns`` are redacted, and so is the answer; ``tokens`` say which tokens it may use. ``deadline`` is
    a reading of ``clock.monotonic()``. Writes nothing. Raises ``ProviderError`` when even the last engine fails.
    """
    started = clock.monotonic()
    question = understand(text, turns)
    understood = clock.monotonic()
    grounding = retrieve(question)
    retrieved = clock.monotonic()
    request = DraftRequest(
        question=text,
        turns=tuple(turns),
        passages=grounding.passages,
        language=organisation.locale[:2],
        organisation_name=organisation.name,
        assistant_name=organisation.assistant_name,
    )
    # A model may take half a minute; that many connections are not there to be held meanwhile.
    connections.release()
    written = draft(
        request,
        engines.list_engines(),
        tokens=tokens,
        sink=sink or Silence(),
        deadline=deadline + RESERVE_SECONDS,
        cancelled=cancelled,
    )
    drafted = clock.monotonic()
    verdict = check(written, grounding)
    stage_ms = {
        "understand": understood - started,
        "encode": grounding.encode_ms / 1000,
        "search": grounding.search_ms / 1000,
        "retrieve": retrieved - understood,
        "draft_first_text": (written.first_text_ms or 0.0) / 1000,
        "draft": drafted - retrieved,
        "check": clock.monotonic() - drafted,
        "total": clock.monotonic() - started,
    }
    milliseconds = {stage: round(seconds * 1000, 2) for stage, seconds in stage_ms.items()}
    return Answer(verdict=verdict, grounding=grounding, draft=written, stage_ms=milliseconds)
