"""How the real values come back, in whole texts and in streams cut anywhere."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.privacy.services import restoring
from apps.privacy.types import LONGEST_TOKEN, Kind, TokenTable

PIECES = [
    "[NAME_1]",
    "[EMAIL_1]",
    "[EMAIL_2]",
    "[TEXT_1]",
    "[",
    "[E",
    "[EMAIL_",
    "[EMAIL_12",
    "]",
    "[[",
    "Dear ",
    "é",
    " ",
    "\n",
]
answers = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=20).map("".join)


def make_tokens() -> TokenTable:
    """A table with a name, an address and a text that looks like a token."""
    tokens = TokenTable()
    tokens.add_value(Kind.NAME, "ana", "Ana")
    tokens.add_value(Kind.EMAIL, "ana@example.org", "ana@example.org")
    tokens.add_value(Kind.TEXT, "[NAME_1]", "[NAME_1]")
    return tokens


def test_an_answer_has_the_real_values_back() -> None:
    assert (
        restoring.restore("Dear [NAME_1], we wrote to [EMAIL_1].", make_tokens())
        == "Dear Ana, we wrote to ana@example.org."
    )


def test_a_token_of_nobody_stays_as_it_is() -> None:
    assert (
        restoring.restore("[NAME_2] [EMAIL] [Name_1] [PLACE_1]", make_tokens()) == "[NAME_2] [EMAIL] [Name_1] [PLACE_1]"
    )


def test_a_restored_value_is_not_looked_at_again() -> None:
    assert restoring.restore("[TEXT_1]", make_tokens()) == "[NAME_1]"


def test_a_token_cut_by_a_chunk_is_held_back_until_it_is_whole() -> None:
    stream = restoring.StreamRestorer(make_tokens())

    shown = [stream.feed(chunk) for chunk in ("Dear [NA", "ME_", "1], see [", "1]")]

    assert shown == ["Dear ", "", "Ana, see ", "[1]"]
    assert stream.flush() == ""


def test_what_never_became_a_token_is_shown_at_the_end() -> None:
    stream = restoring.StreamRestorer(make_tokens())

    assert stream.feed("see [NAME_1") == "see "
    assert stream.flush() == "[NAME_1"
    assert stream.flush() == ""


@settings(deadline=None)
@given(answers, st.lists(st.integers(min_value=0, max_value=60), max_size=12))
def test_any_chunking_shows_the_same_as_the_whole(text: str, cuts: list[int]) -> None:
    tokens = make_tokens()
    stream = restoring.StreamRestorer(tokens)
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]

    shown = [stream.feed(text[start:end]) for start, end in pairwise(borders)]

    assert "".join(shown) + stream.flush() == restoring.restore(text, tokens)


@settings(deadline=None)
@given(answers)
def test_no_more_is_held_back_than_a_token_is_long(text: str) -> None:
    stream = restoring.StreamRestorer(TokenTable())

    shown = sum(len(stream.feed(char)) for char in text)

    assert len(text) - shown <= LONGEST_TOKEN
