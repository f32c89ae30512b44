"""Documents are cut into passages that can be encoded whole, whatever they look like."""

import time
from collections.abc import Sequence

import pytest

from apps.knowledge.services import chunking, cleaning

SENTENCE = "The quick brown fox jumps over the lazy dog."


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def count_characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def split(body: str, title: str = "Title") -> list[str]:
    return [passage.text for passage in chunking.split_passages(title=title, body=body, count_tokens=count_words)]


def test_a_short_document_is_one_passage() -> None:
    (passage,) = chunking.split_passages(title="Fox", body=SENTENCE, count_tokens=count_words)

    assert (passage.text, passage.start, passage.end, passage.token_count) == (SENTENCE, 0, len(SENTENCE), 9)


def test_a_document_without_text_is_found_by_its_title() -> None:
    (passage,) = chunking.split_passages(title="Closed on Mondays", body="", count_tokens=count_words)

    assert (passage.text, passage.start, passage.end) == ("Closed on Mondays", 0, 0)


def test_a_document_without_anything_has_no_passages() -> None:
    assert split("", title="") == []


def test_every_passage_is_a_stretch_of_the_body_and_fits() -> None:
    body = " ".join(f"{SENTENCE[:-1]} number {number}." for number in range(100))

    passages = chunking.split_passages(title="", body=body, count_tokens=count_words)

    assert len(passages) == 7
    assert [body[passage.start : passage.end] for passage in passages] == [passage.text for passage in passages]
    assert max(passage.token_count for passage in passages) <= chunking.PASSAGE_TOKENS
    assert min(passage.token_count for passage in passages) >= 120
    assert passages[-1].end == len(body)


def test_neighbours_share_a_sentence() -> None:
    body = " ".join(f"{SENTENCE[:-1]} number {number}." for number in range(40))

    first, second, *_ = split(body)

    assert second.startswith(f"{SENTENCE[:-1]} number ")
    assert first.endswith(second.partition(".")[0] + ".")


def test_a_heading_begins_a_passage_once_there_is_enough_before_it() -> None:
    long = " ".join([SENTENCE] * 12)
    body = f"# Delivery\n{long}\n## Islands\nSix days.\n## Mountains\n{long}\n# Refunds\nA week."

    passages = chunking.split_passages(title="", body=body, count_tokens=count_words)

    assert [passage.heading for passage in passages] == ["Delivery", "Delivery > Islands", "Refunds"]
    assert passages[1].text.startswith("## Islands\nSix days.\n## Mountains\n")


@pytest.mark.parametrize(
    "ends",
    ["Is it? Yes! It is. So it says.", "It costs 3.50 a day. That is all.", "He said \u201cno.\u201d Then left."],
)
def test_sentences_end_where_people_end_them(ends: str) -> None:
    filler = "word " * 198
    passages = split(f"{filler}end. {ends}")

    assert passages[-1].endswith(ends.rpartition(". ")[2])
    assert "3." not in {passage[-2:] for passage in passages}


def test_the_numbers_of_a_list_stay_with_their_lines() -> None:
    body = "\n".join(f"{number}. {SENTENCE}" for number in range(1, 60))

    assert all(passage[0].isdigit() and passage.endswith(".") for passage in split(body))
    assert not any(passage.rstrip(".")[-1].isdigit() for passage in split(body))


def test_what_is_encoded_begins_with_title_and_heading() -> None:
    text = chunking.text_to_encode(title="Delivery", heading="Islands", text="Six days.")

    assert text == "Delivery\nIslands\nSix days."
    assert chunking.text_to_encode(title="", heading="", text="Six days.") == "Six days."


NASTY = {
    "letters": "x" * 1_000_000,
    "dots": "." * 1_000_000,
    "dots and a letter": "." * 200_000 + "x",
    "quotes": ".'" + "'" * 200_000,
    "words": "a " * 500_000,
    "prose": f"{SENTENCE} " * 5_000,
    "arabic": "\u0645\u0631\u062d\u0628\u0627 " * 40_000,
    "thai": "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35" * 160_000,
    "chinese": "\u4f60\u597d\u3002" * 70_000,
    "emoji": "\U0001f600\U0001f44d\U0001f3fd" * 70_000,
    "headings": "# h\n" * 50_000,
    "hashes": "#" * 200_000,
    "list": "- \n" * 70_000,
}


@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY)
def test_a_long_line_of_anything_is_cut_in_linear_time(body: str) -> None:
    body = cleaning.clean_text(body)
    started = time.process_time()

    passages = chunking.split_passages(title="Title", body=body, count_tokens=count_characters)

    assert time.process_time() - started < 20
    assert max(len(passage.text) for passage in passages) <= chunking.PASSAGE_CHARACTERS
    covered = sum(passage.end - passage.start for passage in passages)
    assert covered >= len(body.replace(" ", "").replace("\n", ""))
