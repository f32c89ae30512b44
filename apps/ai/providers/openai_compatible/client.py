"""How does an answer come out of a model endpoint? Ask, hand on pieces as they arrive, name what goes wrong.

Before the first text a failed call is repeated once; after it never, because the customer has seen it: the
error goes to the caller, who replaces the text. Redirects are not followed: they would take the key along.
"""

import random
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from apps.ai.errors import (
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelStalled,
    ModelUnavailable,
    ProviderError,
)
from apps.ai.providers.openai_compatible import prompting
from apps.ai.providers.openai_compatible.breaker import CircuitBreaker
from apps.ai.providers.openai_compatible.endpoint import Endpoint, Exchange
from apps.ai.providers.openai_compatible.patience import AnswerCancelled, Patience
from apps.ai.providers.openai_compatible.stream_format import Delta, OpeningFilter, TextJoiner
from apps.ai.types import DraftRequest, Finish, Usage
from apps.core import clock

RETRY_JITTER_SECONDS = (0.05, 0.25)
LONGEST_RATE_LIMIT_WAIT = 2.0
# After the finish reason only token counts follow; an endpoint that then does not end is not waited for.
AFTER_FINISH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, to the first text, between texts, in all; the length of an answer."""

    connect_seconds: float = 2.0
    first_token_seconds: float = 8.0
    token_gap_seconds: float = 5.0
    total_seconds: float = 30.0
    answer_characters: int = 6_000
    answer_tokens: int = 800


class ModelProvider:
    """An ``AnswerProvider`` over a model endpoint. Make one a process: it holds connections and breaker."""

    name: Literal["model"] = "model"

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        limits: Limits | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.breaker = breaker or CircuitBreaker()
        self.model = model
        self.endpoint = Endpoint(
            base_url=base_url, api_key=api_key, model=model, connect_seconds=self.limits.connect_seconds
        )

    def __repr__(self) -> str:
        return f"ModelProvider({self.endpoint!r})"

    @property
    def prompt_version(self) -> str:
        """The version of the instructions, for the trace."""
        return prompting.load_prompt().version

    def stream(self, request: DraftRequest, *, deadline: float, cancelled: Callable[[], bool]) -> "ModelStream":
        """Begin an answer. Nothing is sent before the first piece is asked for."""
        return ModelStream(self, request, deadline, cancelled)

    def close(self) -> None:
        """Close idle connections."""
        self.endpoint.close()


class ModelStream:
    """One answer. Iterating raises ModelUnavailable, -RateLimited, -Stalled, -Garbled or -RefusedRequest."""

    def __init__(
        self, provider: ModelProvider, request: DraftRequest, deadline: float, cancelled: Callable[[], bool]
    ) -> None:
        self._provider = provider
        self._request = request
        self._deadline = deadline
        self._cancelled = cancelled
        self._started_at = 0.0
        self._characters = 0
        self._usage = Usage(model=provider.model)
        self._pieces = self._run()

    @property
    def usage(self) -> Usage:
        return self._usage

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Stop; an answer in progress loses its connection at once."""
        self._pieces.close()

    def _run(self) -> Generator[str, None, None]:
        breaker = self._provider.breaker
        if not breaker.allows_call():
            raise ModelUnavailable("The model endpoint failed too often and is left alone for a moment.")
        self._started_at = clock.monotonic()
        try:
            yield from self._answer_with_one_retry()
            breaker.record(succeeded=True)
        except AnswerCancelled:
            self._finish("cancelled")
        except GeneratorExit:
            self._finish("cancelled")
            raise
        except ProviderError as error:
            error.text_started = self._characters > 0
            if not isinstance(error, ModelRefusedRequest):
                breaker.record(succeeded=False)
            raise
        finally:
            self._usage = replace(self._usage, total_ms=self._elapsed_ms())

    def _answer_with_one_retry(self) -> Iterator[str]:
        limits = self._provider.limits
        patience = Patience(
            first_token_seconds=limits.first_token_seconds,
            gap_seconds=limits.token_gap_seconds,
            deadline=min(self._deadline, self._started_at + limits.total_seconds),
            cancelled=self._cancelled,
        )
        messages = prompting.build_messages(self._request)
        try:
            yield from self._answer(messages, patience, fresh=False)
        except (ModelUnavailable, ModelRateLimited) as error:
            wait = _retry_wait(error)
            if self._characters or wait is None or not patience.allows(wait):
                raise
            _pause(wait, patience)
        else:
            return
        yield from self._answer(messages, patience, fresh=True)

    def _answer(self, messages: list[dict[str, str]], patience: Patience, *, fresh: bool) -> Iterator[str]:
        options = {
            "temperature": 0.2,
            "max_tokens": self._provider.limits.answer_tokens,
            "stream_options": {"include_usage": True},
        }
        exchange = self._provider.endpoint.ask(messages, options, patience, fresh=fresh)
        finish_reason = ""
        try:
            for delta, text in _clean(exchange):
                if text:
                    yield self._count(text)
                    if self._usage.finish == "length":
                        return
                    patience.text_arrived()
                if delta.finish_reason:
                    finish_reason = delta.finish_reason
                    patience.wait_at_most(AFTER_FINISH_SECONDS)
                self._note(delta)
        except (ModelStalled, ModelUnavailable, ModelGarbled):
            if not finish_reason:
                raise
        finally:
            exchange.close()
        self._conclude(finish_reason, said_done=exchange.said_done)

    def _count(self, text: str) -> str:
        if not self._characters:
            self._usage = replace(self._usage, first_token_ms=self._elapsed_ms())
        room = self._provider.limits.answer_characters - self._characters
        self._characters += len(text)
        if len(text) >= room:
            self._finish("length")
            return text[:room]
        return text

    def _note(self, delta: Delta) -> None:
        if delta.error:
            if "rate_limit" in delta.error or delta.error == "429":
                raise ModelRateLimited
            code = self._provider.endpoint.presentable(delta.error)
            raise ModelUnavailable(f"The model endpoint failed in its answer ({code or 'no code'}).")
        if delta.usage:
            self._usage = replace(
                self._usage,
                prompt_tokens=_count_of(delta.usage.get("prompt_tokens")),
                completion_tokens=_count_of(delta.usage.get("completion_tokens")),
            )
        if delta.model and delta.model != self._usage.model:
            self._usage = replace(self._usage, model=delta.model[:100])

    def _conclude(self, finish_reason: str, *, said_done: bool) -> None:
        if not finish_reason and not said_done:
            raise ModelUnavailable("The model endpoint broke off its answer.")
        if finish_reason == "content_filter":
            raise ModelGarbled("The model endpoint withheld its answer (content filter).")
        if not self._characters:
            raise ModelGarbled("The model endpoint sent an empty answer.")
        self._finish("length" if finish_reason == "length" else "stop")

    def _finish(self, finish: Finish) -> None:
        self._usage = replace(self._usage, finish=finish)

    def _elapsed_ms(self) -> float:
        return round((clock.monotonic() - self._started_at) * 1000, 1)


def _clean(exchange: Exchange) -> Iterator[tuple[Delta, str]]:
    joiner, opening = TextJoiner(), OpeningFilter()
    for delta in exchange.deltas():
        yield delta, opening.pass_on(joiner.clean(delta.text)) if delta.text else ""
    if rest := opening.rest():
        yield Delta(), rest


def _retry_wait(error: ProviderError) -> float | None:
    if isinstance(error, ModelRateLimited):
        wait = error.retry_after
        return wait if wait is not None and wait <= LONGEST_RATE_LIMIT_WAIT else None
    return random.uniform(*RETRY_JITTER_SECONDS)  # noqa: S311 - spreads retries, keeps no secret


def _pause(seconds: float, patience: Patience) -> None:
    """Wait, but look up for limits and cancellation as a read would."""
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        threading.Event().wait(min(left, patience.next_wait()))


def _count_of(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
