"""How does an answer reach the screen while it is written? In few frames: the first at once, then 20 a second."""

from uuid import UUID

from apps.ai.types import AnswerDelta, AnswerState
from apps.core import clock, push
from apps.privacy.services import restoring
from apps.privacy.types import TokenTable

FRAME_SECONDS = 0.05


class AnswerScreen:
    """A sink that pushes an answer's text to everyone who has the conversation open.

    ``attempt`` is raised by each restart, so screens know to replace what they show. Attempts of a run count in
    steps of 100: a repeated run after a crash always ranks above the one before. What is written has the
    conversation's ``tokens`` where it means personal data; screens get what they stand for, and offsets count that.
    """

    def __init__(self, *, conversation_id: UUID, answer_id: UUID, run_attempt: int, tokens: TokenTable) -> None:
        self._tokens = tokens
        self._restorer = restoring.StreamRestorer(tokens)
        self._group = push.conversation_group(conversation_id)
        self._conversation_id = conversation_id
        self._answer_id = answer_id
        self._attempt = run_attempt * 100
        self._offset = 0
        self._pending: list[str] = []
        self._sent_at = 0.0

    def think(self) -> None:
        """Show that an answer is on its way."""
        self._push_state("thinking")

    def write(self, piece: str) -> None:
        """Add text; pushed at once when the last frame is long enough ago."""
        self._pending.append(self._restorer.feed(piece))
        if clock.monotonic() - self._sent_at >= FRAME_SECONDS:
            self.flush()

    def restart(self) -> None:
        """Begin the text anew, in the same place."""
        self._attempt += 1
        self._offset = 0
        self._restorer = restoring.StreamRestorer(self._tokens)
        self._pending.clear()
        self._push_state("thinking")

    def flush(self) -> None:
        """Push what has been held back."""
        text = "".join(self._pending)
        if not text:
            return
        self._pending.clear()
        delta = AnswerDelta(
            conversation_id=self._conversation_id,
            answer_id=self._answer_id,
            attempt=self._attempt,
            offset=self._offset,
            text=text,
        )
        push.transient(self._group, delta)
        self._offset += len(text)
        self._sent_at = clock.monotonic()

    def finish(self) -> None:
        """Push all that is left: the answer is complete."""
        self._pending.append(self._restorer.flush())
        self.flush()

    def stop(self) -> None:
        """Take the unfinished answer off the screens: somebody else has answered, or nobody will."""
        self._pending.clear()
        self._push_state("stopped")

    def _push_state(self, state: str) -> None:
        frame = AnswerState.model_validate(
            {
                "conversation_id": self._conversation_id,
                "answer_id": self._answer_id,
                "attempt": self._attempt,
                "state": state,
            }
        )
        push.transient(self._group, frame)
