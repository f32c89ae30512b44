"""Passages where there is room for a line."""

import pytest

from apps.desk.templatetags.desk_text import plain


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("## How long\n\nThere is **no** limit.", "How long There is no limit."),
        ("1. Open `Orders`.\n2. Tick it.\n- done", "Open Orders . Tick it. done"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("5 - 3 = 2", "5 - 3 = 2"),
        ("", ""),
    ],
)
def test_markdown_becomes_one_line_of_words(markdown: str, shown: str) -> None:
    assert plain(markdown) == shown
