"""What can be quoted from a passage: sentences, items, steps and rows, as they stand there."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ai.providers.builtin.segments import clean, read_units, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("It costs 3.95 pounds. Free from 50.", ["It costs 3.95 pounds.", "Free from 50."]),
        ("Cards, e.g. Visa. Ask Dr. Wren. Mr. X, no. 5.", ["Cards, e.g. Visa.", "Ask Dr. Wren.", "Mr. X, no. 5."]),
        ("He said \"stop.\" Then he left.", ['He said "stop."', "Then he left."]),
        ("Bis zum 24. Dezember. Danach nicht, z. B. am 27. Das gilt.", [
            "Bis zum 24. Dezember.", "Danach nicht, z. B. am 27.", "Das gilt."
        ]),
        ("Open until 5 p.m. on Monday. Closed on Sunday.", ["Open until 5 p.m. on Monday.", "Closed on Sunday."]),
        ("¿Cuánto tarda? Cinco días.", ["¿Cuánto tarda?", "Cinco días."]),
        ("كم يستغرق؟ خمسة أيام.", ["كم يستغرق؟", "خمسة أيام."]),
        ("五天。请稍候。", ["五天。", "请稍候。"]),
        ("no end", ["no end"]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_would_say(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_passage_is_read_in_its_parts() -> None:
    text = (
        "Starting is easy. It takes a minute.\n\n## Step by step\n\nDo this:\n\n1. Open the **box**.\n"
        "2. Read [the card](https://a.example/x).\n   It is inside.\n\n"
        "## Prices\n\n| Where | Time | Price |\n|---|---|---|\n"
        "| Home | 2 days | £3 |\n| Shop | | £1 |\n\n- red, or\n- blue [3]\n"
    )

    units = [(unit.kind, unit.heading, unit.intro, unit.text) for unit in read_units(text, "Begin")]

    assert units == [
        ("sentence", "Begin", "", "Starting is easy."),
        ("sentence", "Begin", "", "It takes a minute."),
        ("sentence", "Step by step", "", "Do this:"),
        ("step", "Step by step", "Do this:", "Open the box."),
        ("step", "Step by step", "Do this:", "Read the card. It is inside."),
        ("row", "Prices", "", "Home \u2013 Time: 2 days; Price: £3"),
        ("row", "Prices", "", "Shop \u2013 Price: £1"),
        ("item", "Prices", "", "red, or"),
        ("item", "Prices", "", "blue (3)"),
    ]


def test_a_table_of_two_columns_reads_as_name_and_value() -> None:
    units = read_units("| You paid by | It arrives |\n|---|---|\n| Visa | in 3 days |", "")

    assert [unit.text for unit in units] == ["Visa: in 3 days"]


def test_a_list_number_does_not_end_a_sentence_and_bullets_of_all_kinds_are_items() -> None:
    units = read_units("* one\n+ two\n• three\n1) four\n12. five", "")

    assert [(unit.kind, unit.text) for unit in units] == [
        ("item", "one"),
        ("item", "two"),
        ("item", "three"),
        ("step", "four"),
        ("step", "five"),
    ]


def test_lines_of_one_paragraph_are_joined() -> None:
    assert [unit.text for unit in read_units("The parcel\nleaves at once. It\nis tracked.", "")] == [
        "The parcel leaves at once.",
        "It is tracked.",
    ]


def test_an_endless_sentence_is_cut_at_a_word() -> None:
    cut = clean("word " * 500)

    assert len(cut) <= 600
    assert cut.endswith("word…")


@given(st.text(alphabet=st.sampled_from("ab .!?\n|-*#[](1)`_€。؟"), max_size=300))
def test_any_text_can_be_read_and_nothing_is_invented(text: str) -> None:
    units = read_units(text, "")

    letters = [letter for unit in units for letter in unit.text if letter in "ab€"]
    assert letters.count("€") <= text.count("€")
    assert all(unit.text == unit.text.strip() and "\n" not in unit.text for unit in units)


NASTY = [". ", ".", "a. ", "**a", "[", "| ", "1. ", "[a](", "#", " ", "- \n", "|", "_", "。"]


@pytest.mark.parametrize("text", [part * 20_000 for part in NASTY], ids=NASTY)
def test_nasty_texts_are_read_in_linear_time(text: str) -> None:
    started = time.process_time()

    read_units(text, "")

    assert time.process_time() - started < 1.0
