"""The table of a conversation's tokens: stable, bounded, and strict about what it reads back."""

import pytest

from apps.privacy.errors import TokenTableMalformed
from apps.privacy.types import LONGEST_TOKEN, LONGEST_VALUE, MOST_VALUES, REPLACED, TOKEN_PATTERN, Kind, TokenTable


def test_the_same_value_keeps_its_token() -> None:
    tokens = TokenTable()

    first = tokens.add_value(Kind.EMAIL, "ana@example.org", "Ana@example.org")
    again = tokens.add_value(Kind.EMAIL, "ana@example.org", "ANA@EXAMPLE.ORG")

    assert (first, again, len(tokens)) == ("[EMAIL_1]", "[EMAIL_1]", 1)
    assert tokens.get_value("[EMAIL_1]") == "Ana@example.org"
    assert tokens.find_token(Kind.EMAIL, "ana@example.org") == "[EMAIL_1]"
    assert tokens.find_token(Kind.PHONE, "ana@example.org") is None


def test_each_kind_counts_for_itself() -> None:
    tokens = TokenTable()

    added = [
        tokens.add_value(kind, value, value) for kind, value in [(Kind.NAME, "a"), (Kind.NAME, "b"), (Kind.IP, "a")]
    ]

    assert added == ["[NAME_1]", "[NAME_2]", "[IP_1]"]


def test_a_table_survives_being_stored() -> None:
    tokens = TokenTable()
    tokens.add_value(Kind.NAME, "ana", "Ana")
    tokens.add_value(Kind.NAME, "bo", "Bo")

    stored = TokenTable.from_json(tokens.to_json())

    assert stored.to_json() == tokens.to_json()
    assert stored.add_value(Kind.NAME, "bo", "BO") == "[NAME_2]"
    assert stored.add_value(Kind.NAME, "cy", "Cy") == "[NAME_3]"


def test_nothing_stored_is_an_empty_table() -> None:
    assert len(TokenTable.from_json(None)) == 0


def test_a_full_table_replaces_by_the_bare_kind() -> None:
    tokens = TokenTable()
    for number in range(MOST_VALUES):
        tokens.add_value(Kind.NAME, str(number), str(number))

    extra = tokens.add_value(Kind.NAME, "one more", "one more")

    assert (extra, len(tokens)) == ("[NAME]", MOST_VALUES)
    assert tokens.add_value(Kind.NAME, "7", "7") == "[NAME_8]"


def test_a_value_too_long_is_not_kept() -> None:
    tokens = TokenTable()

    token = tokens.add_value(Kind.NAME, "x" * (LONGEST_VALUE + 1), "x")

    assert (token, len(tokens)) == ("[NAME]", 0)


@pytest.mark.parametrize("kind", sorted(REPLACED))
def test_the_token_of_every_kind_is_recognised_as_one(kind: Kind) -> None:
    token = TokenTable().add_value(kind, "value", "value")

    assert TOKEN_PATTERN.fullmatch(token)
    assert len(f"[{kind}_999999]") <= LONGEST_TOKEN


@pytest.mark.parametrize(
    "stored",
    [
        [],
        "text",
        {},
        {"version": 2, "values": []},
        {"version": 1, "values": {}},
        {"version": 1, "values": [["NAME", "a", "[NAME_1]"]]},
        {"version": 1, "values": [["NAME", "a", "[NAME_1]", 3]]},
        {"version": 1, "values": [["NAME", "a", "NAME_1", "a"]]},
        {"version": 1, "values": [["NAME", "a", "[EMAIL_1]", "a"]]},
        {"version": 1, "values": [["PLACE", "a", "[PLACE_1]", "a"]]},
        {"version": 1, "values": [["NAME", "a", "[NAME_1]", "a"], ["NAME", "b", "[NAME_1]", "b"]]},
        {"version": 1, "values": [["NAME", "a", "[NAME_1]", "a"]] * (MOST_VALUES + 1)},
    ],
)
def test_what_is_not_a_table_is_refused(stored: object) -> None:
    with pytest.raises(TokenTableMalformed):
        TokenTable.from_json(stored)
