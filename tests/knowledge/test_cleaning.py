"""Outside text becomes storable, and words become comparable."""

import pytest

from apps.knowledge.services import cleaning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        ("\ufeffa\r\nb\rc", "a\nb\nc"),
        ("  a \n", "a"),
        ("e\u0301", "\u00e9"),
        ("tab\tkept", "tab\tkept"),
    ],
)
def test_text_is_kept_as_far_as_it_can_be_stored(text: str, expected: str) -> None:
    assert cleaning.clean_text(text) == expected


def test_a_line_is_one_line_of_limited_length() -> None:
    assert cleaning.clean_line(" one\n two\x00 \t three ", limit=9) == "one two t"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Refund and/or Exchange?", "refund and or exchange"),
        ("FP7 8.1.2", "fp7 8 1 2"),
        ("\uff21\uff22\uff23", "abc"),
        ("\u00dcberweisung", "\u00fcberweisung"),
        ("caf\u00e9\u200d", "caf\u00e9"),
        ("\U0001f600 \U0001f44d\U0001f3fd !?", ""),
        ("\u4f60\u597d\u4e16\u754c", "\u4f60\u597d \u597d\u4e16 \u4e16\u754c"),
        ("\u4f60 ok", "\u4f60 ok"),
        ("don't", "don t"),
    ],
)
def test_words_are_what_can_be_looked_up(text: str, expected: str) -> None:
    assert cleaning.as_words(text).split() == expected.split()


def test_words_of_scripts_without_spaces_overlap() -> None:
    # Thai: whoever asks with one word must meet the sentence that holds it.
    sentence = cleaning.as_words("\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01").split()
    word = cleaning.as_words("\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01").split()

    assert set(word) <= set(sentence)
