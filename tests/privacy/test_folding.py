"""One reading for many writings, with the way back to the original."""

# ruff: noqa: RUF001 - signs that look alike are what some of these tests are about

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.privacy.pipeline import folding


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "john@example.com"),
        ("j\u200bo\u00adh\u2060n", "john"),
        ("jоhn@exаmple.com", "john@example.com"),  # two Cyrillic letters
        ("𝐉𝐨𝐡𝐧 ①②③", "John 123"),
        ("٠١٢ ०१२ ０１２", "012 012 012"),
        ("Müller Łódź Øre Straße", "Muller Lodz Ore Strasse"),
        ("Jose\u0301", "Jose"),
        ("’–\u00a0“", "'- \""),
        ("привет мир", "привет мир"),
        ("日本語がガ", "日本語がガ"),
    ],
)
def test_writings_are_read_alike(written: str, read: str) -> None:
    assert folding.fold(written).text == read


def test_plain_text_is_read_as_it_is() -> None:
    folded = folding.fold("plain text 123")

    assert (folded.text, folded.offsets) == ("plain text 123", None)


@settings(deadline=None)
@given(st.text())
def test_every_place_leads_back_into_the_original(text: str) -> None:
    folded = folding.fold(text)

    places = [folded.locate(index, index + 1) for index in range(len(folded.text))]

    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)


@settings(deadline=None)
@given(st.text())
def test_lower_case_keeps_the_places(text: str) -> None:
    folded = folding.fold(text).text

    assert len(folded.lower()) == len(folded)
