"""How is a question answered without a model? By quoting the sentences that hold the answer, if any does."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from apps.ai.providers.builtin import composing, scoring
from apps.ai.providers.builtin.language import guess_language
from apps.ai.providers.builtin.phrases import phrases_for
from apps.ai.providers.builtin.small_talk import reply_to_small_talk
from apps.ai.types import DraftRequest, Finish, Usage
from apps.core import clock
from apps.privacy.types import TOKEN_PATTERN


class BuiltinProvider:
    """An ``AnswerProvider`` that needs nothing but the passages. Takes a few milliseconds and no network."""

    name: Literal["builtin"] = "builtin"

    def stream(self, request: DraftRequest, *, deadline: float, cancelled: Callable[[], bool]) -> "BuiltinStream":
        """Begin an answer. It is quicker than any deadline, so ``deadline`` is not looked at."""
        return BuiltinStream(request, cancelled)


class BuiltinStream:
    """One answer, sentence by sentence."""

    def __init__(self, request: DraftRequest, cancelled: Callable[[], bool]) -> None:
        self._request = request
        self._cancelled = cancelled
        self._usage = Usage(model="builtin")
        self._pieces = self._run()

    @property
    def usage(self) -> Usage:
        return self._usage

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Stop."""
        self._pieces.close()

    def _run(self) -> Generator[str, None, None]:
        started_at = clock.monotonic()
        answer = write_answer(self._request)
        self._usage = replace(self._usage, evidence=answer.evidence, first_token_ms=_ms_since(started_at))
        finish: Finish = "cancelled"
        try:
            for piece in answer.pieces:
                if self._cancelled():
                    return
                yield piece
            finish = answer.finish
        finally:
            self._usage = replace(self._usage, finish=finish, total_ms=_ms_since(started_at))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the pieces in which it is sent, and how surely the passages hold it."""

    pieces: tuple[str, ...]
    finish: Finish
    evidence: float | None


def write_answer(request: DraftRequest) -> Answer:
    """Return the answer; ``not_found``, with the offer of a person, if the passages do not hold it."""
    request = _without_tokens(request)
    if small_talk := reply_to_small_talk(request.question, request.language):
        return Answer((small_talk,), "small_talk", None)
    phrases = phrases_for(guess_language(request.question, request.language))
    scored = scoring.score(request)
    pieces = composing.compose(scored, phrases)
    if not pieces:
        return Answer((phrases.not_found,), "not_found", scored.evidence)
    return Answer(tuple(pieces), "stop", scored.evidence)


def _without_tokens(request: DraftRequest) -> DraftRequest:
    """Return the request without tokens of personal data: no passage holds them, and their numbers mean nothing."""
    turns = tuple(replace(turn, text=TOKEN_PATTERN.sub(" ", turn.text)) for turn in request.turns)
    return replace(request, question=TOKEN_PATTERN.sub(" ", request.question), turns=turns)


def _ms_since(started_at: float) -> float:
    return round((clock.monotonic() - started_at) * 1000, 1)
