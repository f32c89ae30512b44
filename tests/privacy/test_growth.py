"""No text makes a recogniser hang: eight times the text takes about eight times the work, whatever it is made of."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.privacy.services import redacting
from apps.privacy.types import KnownIdentities, TokenTable

# A recogniser that looks at everything again for each character would take 64 times as long, not 8.
TIMES, MOST = 8, 28
SHORT = 1_000
UNITS = [
    *("a", "A", "1", "@", "a@", "@.", "a.", "1.", "1 ", "-", "1-", " ", "\n", ".", "A ", "Aaa 1 ", ":", "a:", "(", "["),
    *(
        "[EMAIL_",
        "[EMAIL_1]",
        " at ",
        " dot ",
        "one ",
        "+1",
        "00",
        "GB12 ",
        "John ",
        "John, ",
        "Mr ",
        "my name is ",
        "name: ",
    ),
    *(
        "12 Street ",
        "Apt 1\n",
        "Rue 1 ",
        "de la Aa ",
        "\u0301",
        "\u200b",
        "Ж",
        "жa",
        "ﬃ",
        "http://",
        "www.",
        "j o ",
        "id 123 ",
    ),
    *("may 1 ", "1/1/", "Bank of ", "corner of ", "a1 ", "A-", "a'", "0x", "4111 ", "::", "1:", "a_", "x@x.x ", "é"),
]


def count_cpu(text: str, **options: Any) -> float:
    """Return the CPU seconds of reading a text, the least of three: the others were disturbed."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        redacting.redact(text, tokens=TokenTable(), **options)
        spent.append(time.process_time() - started)
    return min(spent)


def repeat(unit: str, length: int) -> str:
    """Return a text of a length, made of one unit."""
    return (unit * (length // len(unit) + 1))[:length]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_work_grows_with_the_text(unit: str) -> None:
    short, long = count_cpu(repeat(unit, SHORT)), count_cpu(repeat(unit, SHORT * TIMES))

    # What is too short to measure counts as a millisecond.
    assert long < MOST * max(short, 0.001)


@pytest.mark.parametrize("unit", ["Kettle ", "Rose Gold ", "rose gold, ", "Karl 500 ", "Anna Kowalska ", "AB-12 ", "x"])
def test_work_grows_with_the_text_whatever_is_known(unit: str) -> None:
    options: dict[str, Any] = {
        "own_words": ("Kettle", "Rose Gold", "Karl 500"),
        "spared": ("Rose & Kettle",),
        "known": KnownIdentities(names=("Anna Kowalska", "x"), phones=("+44 20 7946 0018",), others=("AB-12-XYZ",)),
    }
    short, long = (count_cpu(repeat(unit, size), **options) for size in (SHORT, SHORT * TIMES))

    assert long < MOST * max(short, 0.001)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="aA1 @.-+:/()[]_'\n,é", min_size=1, max_size=8))
def test_no_made_up_text_is_worse(unit: str) -> None:
    short, long = count_cpu(repeat(unit, SHORT)), count_cpu(repeat(unit, SHORT * TIMES))

    assert long < MOST * max(short, 0.001)


def test_a_megabyte_without_a_space_is_read() -> None:
    assert redacting.find_spans("a" * 1_000_000) == []
    assert redacting.find_spans("1" * 1_000_000) == []
