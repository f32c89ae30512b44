"""What screens see while an answer is written: the real values, in their right places. Over the real channel layer."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from channels.layers import get_channel_layer

from apps.ai.services import streaming
from apps.ai.types import AnswerDelta
from apps.core import push
from apps.privacy.types import Kind, TokenTable

ANSWER = "It goes to [EMAIL_1], that is to [EMAIL_1], and [PHONE_1] rings [1]."
SHOWN = "It goes to zoë@example.com, that is to zoë@example.com, and +49 30 1234 rings [1]."
END = "~"


@pytest.fixture
def tokens() -> TokenTable:
    """Return what the tokens of these answers stand for."""
    table = TokenTable()
    table.add_value(Kind.EMAIL, "zoë@example.com", "zoë@example.com")
    table.add_value(Kind.PHONE, "+49301234", "+49 30 1234")
    return table


@pytest.fixture(autouse=True)
def _frame_for_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "FRAME_SECONDS", 0.0)


async def watch(
    tokens: TokenTable, write: Callable[[streaming.AnswerScreen], None], *, until: str
) -> list[AnswerDelta]:
    """Return the pieces that reach a screen, up to the one that ends with ``until``."""
    conversation_id: UUID = uuid4()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(push.conversation_group(conversation_id), channel)
    screen = streaming.AnswerScreen(conversation_id=conversation_id, answer_id=uuid4(), run_attempt=1, tokens=tokens)
    write(screen)
    deltas: list[AnswerDelta] = []
    async with asyncio.timeout(10):
        while not (deltas and deltas[-1].text.endswith(until)):
            text = (await layer.receive(channel))["text"]
            deltas += [AnswerDelta.model_validate_json(text)] if '"answer.delta"' in text else []
    return deltas


def say(*pieces: str) -> Callable[[streaming.AnswerScreen], None]:
    def write(screen: streaming.AnswerScreen) -> None:
        for piece in pieces:
            screen.write(piece)
        screen.finish()

    return write


def check_offsets(deltas: list[AnswerDelta]) -> str:
    """Put the pieces where their offsets say, as a client does."""
    text = ""
    for delta in deltas:
        assert delta.offset == len(text)
        text += delta.text
    return text


@pytest.mark.parametrize("place", range(len(ANSWER)))
async def test_a_token_cut_anywhere_is_shown_as_its_value(tokens: TokenTable, place: int) -> None:
    deltas = await watch(tokens, say(ANSWER[:place], ANSWER[place:], END), until=END)

    assert check_offsets(deltas) == SHOWN + END


async def test_letter_by_letter_no_frame_shows_a_part_of_a_token(tokens: TokenTable) -> None:
    deltas = await watch(tokens, say(*ANSWER, END), until=END)

    assert check_offsets(deltas) == SHOWN + END
    assert [delta.text for delta in deltas if "EMAIL" in delta.text or "[E" in delta.text] == []


async def test_after_a_restart_nothing_held_back_remains(tokens: TokenTable) -> None:
    def write(screen: streaming.AnswerScreen) -> None:
        screen.write("To [EMA")
        screen.restart()
        screen.write("IL_1] again")
        screen.finish()

    deltas = await watch(tokens, write, until="again")

    assert [(delta.attempt, delta.offset, delta.text) for delta in deltas] == [
        (100, 0, "To "),
        (101, 0, "IL_1] again"),
    ]
