"""Requests for answers, and the ways tests ask for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.ai.errors import ProviderError
from apps.ai.providers.openai_compatible.client import Limits, ModelProvider, ModelStream
from apps.ai.types import DraftRequest, GroundingPassage, Turn
from apps.core import clock
from tests.simulators.model_endpoint import ModelEndpoint

KEY = "sk-acme-0123456789abcdef"
# Long enough for a loaded machine to answer on loopback, short enough to wait for.
LIMITS = Limits(connect_seconds=2.0, first_token_seconds=2.0, token_gap_seconds=2.0, total_seconds=10.0)


def passage(
    n: int, text: str, *, title: str = "Returns", heading: str = "", score: float = 0.9, dense: float | None = 0.7
) -> GroundingPassage:
    """Return a passage to rest on."""
    return GroundingPassage(
        n=n,
        passage_id=UUID(int=n),
        document_id=UUID(int=1000 + n),
        title=title,
        heading=heading,
        text=text,
        score=score,
        coverage=0.8,
        dense=dense,
    )


REFUNDS = passage(1, "You can return an item within 30 days. Refunds take 5 working days.")


def request(
    question: str = "How long do refunds take?",
    *passages: GroundingPassage,
    turns: Sequence[Turn] = (),
    language: str = "en",
) -> DraftRequest:
    """Return a request, resting on one passage about refunds if no other is given."""
    return DraftRequest(question, tuple(turns), passages or (REFUNDS,), language, "Acme Rail", "Alba")


def provider_for(endpoint: ModelEndpoint, limits: Limits = LIMITS, *, model: str = "sim-1") -> ModelProvider:
    """Return a client of the simulated endpoint with a circuit breaker of its own."""
    return ModelProvider(base_url=endpoint.base_url, api_key=KEY, model=model, limits=limits)


def begin(
    provider: ModelProvider,
    asked: DraftRequest | None = None,
    *,
    seconds: float = 30.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> ModelStream:
    """Begin an answer that may take ``seconds``."""
    return provider.stream(asked or request(), deadline=clock.monotonic() + seconds, cancelled=cancelled)


@dataclass(frozen=True, slots=True)
class Failure:
    """How an answer failed, what had been said before, and after how many seconds."""

    error: ProviderError
    said: str
    seconds: float


def fail(provider: ModelProvider, *, seconds: float = 30.0) -> Failure:
    """Ask for an answer that is expected to fail, and return how it did."""
    started = clock.monotonic()
    said: list[str] = []
    try:
        read_into(said, begin(provider, seconds=seconds))
    except ProviderError as error:
        return Failure(error, "".join(said), clock.monotonic() - started)
    raise AssertionError(f"an answer came: {said}")


def read_into(said: list[str], stream: ModelStream) -> None:
    """Read a stream into ``said``, piece by piece, so that what came before a failure is kept."""
    for piece in stream:
        said.append(piece)
