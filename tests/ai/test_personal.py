"""Tokens in an answer, whole and cut at every place."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ai.pipeline.personal import OTHERWISE, WORDS, PersonalTokens, without_tokens
from apps.privacy.types import REPLACED, Kind, TokenTable

ANSWER = (
    "Hello [NAME_1], [EMAIL_1] and [EMAIL\\_1] and [email_1] are yours; [EMAIL_7] is not, nor [NATIONAL_ID_3] or"
    " [BANK]. See [1], [a link](https://shop.example/a) and [EM."
)
SETTLED = (
    "Hello [NAME_1], [EMAIL_1] and [EMAIL_1] and [EMAIL_1] are yours; (e-mail address) is not, nor (personal detail) or"
    " (account number). See [1], [a link](https://shop.example/a) and [EM."
)


@pytest.fixture
def tokens() -> TokenTable:
    table = TokenTable()
    table.add_value(Kind.NAME, "zoe", "Zoë")
    table.add_value(Kind.EMAIL, "zoe@example.com", "zoe@example.com")
    return table


def say(pieces: list[str], tokens: TokenTable, language: str = "en") -> str:
    personal = PersonalTokens(tokens, language)
    return "".join([*(personal.feed(piece) for piece in pieces), personal.finish()])


def test_known_tokens_stay_and_others_become_words(tokens: TokenTable) -> None:
    assert say([ANSWER], tokens) == SETTLED


@pytest.mark.parametrize("place", range(len(ANSWER)))
def test_an_answer_cut_anywhere_reads_the_same(tokens: TokenTable, place: int) -> None:
    assert say([ANSWER[:place], ANSWER[place:]], tokens) == SETTLED


def test_an_answer_that_comes_letter_by_letter_reads_the_same(tokens: TokenTable) -> None:
    assert say(list(ANSWER), tokens) == SETTLED


@given(text=st.text(alphabet="[]_\\EMAILNAME_ail0123 (x", max_size=60), places=st.lists(st.integers(0, 60), max_size=6))
def test_nothing_is_lost_whatever_the_pieces(text: str, places: list[int]) -> None:
    table = TokenTable()
    table.add_value(Kind.EMAIL, "zoe@example.com", "zoe@example.com")
    cuts = sorted({0, len(text), *(place for place in places if place < len(text))})
    pieces = [text[start:end] for start, end in pairwise(cuts)]

    assert say(pieces, table) == say([text], table)


@pytest.mark.parametrize(
    ("language", "words"), [("de", "(E-Mail-Adresse)"), ("ar", "(البريد الإلكتروني)"), ("xx", "(e-mail address)")]
)
def test_words_are_those_of_the_organisation(language: str, words: str) -> None:
    assert say(["[EMAIL_1]"], TokenTable(), language) == words


@pytest.mark.parametrize("language", WORDS)
def test_every_kind_that_is_replaced_has_words(language: str) -> None:
    said = {say([f"[{kind.value}_1]"], TokenTable(), language) for kind in REPLACED}

    assert f"({OTHERWISE[language]})" in said
    assert [words for words in said if "[" in words or "_" in words] == []


@pytest.mark.parametrize("value", ["[click](https://evil.example)", "http://evil.example"])
def test_a_value_with_a_link_in_it_is_not_said_by_the_assistant(value: str) -> None:
    table = TokenTable()
    table.add_value(Kind.NAME, value, value)

    assert say(["Hello [NAME_1]"], table) == "Hello (name)"


def test_a_token_that_stands_for_itself_stands_for_nothing() -> None:
    lost = TokenTable.from_json({"version": 1, "values": [["EMAIL", "lost [EMAIL_1]", "[EMAIL_1]", "[EMAIL_1]"]]})

    assert say(["To [EMAIL_1]"], lost) == "To (e-mail address)"


def test_a_search_knows_nothing_of_tokens() -> None:
    assert without_tokens("Change [EMAIL_1] to [EMAIL_2]?").split() == ["Change", "to", "?"]
