"""Bytes to text: however a stream is cut into portions and lines, the same text comes out, and nothing breaks."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ai.errors import ModelGarbled
from apps.ai.providers.openai_compatible.body import ChunkDecoder
from apps.ai.providers.openai_compatible.stream_format import (
    Delta,
    LineSplitter,
    OpeningFilter,
    TextJoiner,
    data_of,
    read_event,
    read_whole,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
NAMES = ["choices", "delta", "content", "finish_reason", "error", "usage", "message", "type", "text", "model"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def _event(text: str, *, ascii_only: bool) -> bytes:
    event = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return b"data: " + json.dumps(event, ensure_ascii=ascii_only).encode()


def _portions(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(borders)]


def _text_of(portions: list[bytes]) -> str:
    splitter, joiner = LineSplitter(), TextJoiner()
    lines = [line for portion in portions for line in splitter.feed(portion)] + splitter.rest()
    payloads = [payload for line in lines if (payload := data_of(line))]
    return "".join(joiner.clean(read_event(payload).text) for payload in payloads)


@given(
    st.lists(TEXTS, max_size=8),
    st.lists(st.integers(0, 10_000), max_size=60),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
)
def test_text_does_not_depend_on_how_the_bytes_are_cut(
    texts: list[str], cuts: list[int], newline: bytes, ascii_only: bool
) -> None:
    data = b"".join(_event(text, ascii_only=ascii_only) + newline * 2 for text in texts)

    text = _text_of(_portions(data, cuts))

    assert text == "".join(texts)


@given(st.lists(st.binary(max_size=200), max_size=10), st.lists(st.integers(0, 10_000), max_size=60))
def test_chunks_are_taken_apart_however_the_bytes_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    chunks = b"".join(b"%x;name=value\r\n%b\r\n" % (len(body), body) for body in bodies if body)
    data = chunks + b"0\r\nTrailer: yes\r\n\r\n"
    decoder = ChunkDecoder()

    payload = b"".join(decoder.feed(portion) for portion in _portions(data, cuts))

    assert payload == b"".join(bodies)
    assert (decoder.ended, decoder.surplus) == (True, False)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
def test_any_bytes_are_chunks_or_garbage_and_nothing_else(data: bytes, cuts: list[int]) -> None:
    decoder = ChunkDecoder()
    outcomes = []
    for portion in _portions(data, cuts):
        try:
            outcomes.append(len(decoder.feed(portion)) <= len(data))
        except ModelGarbled:
            break

    assert all(outcomes)


@given(JSON_VALUES)
def test_any_json_is_an_event_or_garbage_and_nothing_else(value: object) -> None:
    for read in (read_event, read_whole):
        try:
            outcome: object = read(json.dumps(value).encode())
        except ModelGarbled as error:
            outcome = error

        assert isinstance(outcome, Delta | ModelGarbled)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_joined_text_can_always_be_stored(pieces: list[str]) -> None:
    joiner = TextJoiner()

    text = "".join(joiner.clean(piece) for piece in pieces)

    assert text.encode("utf-8").decode() == text
    assert "\x00" not in text


def test_halves_of_a_character_in_two_pieces_are_joined() -> None:
    joiner = TextJoiner()

    assert joiner.clean("good \ud83d") + joiner.clean("\ude00!") == "good 😀!"


def test_a_half_without_its_other_half_becomes_a_replacement_mark() -> None:
    joiner = TextJoiner()

    assert joiner.clean("a\ud83d") + joiner.clean("b") == "a\ufffdb"


def test_control_characters_are_dropped() -> None:
    assert TextJoiner().clean("a\x00b\x1b[31mc\n\td") == "ab[31mc\n\td"


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        (["  \n", "Yes"], "Yes"),
        (["<think>one [1]</think>", "\n\nYes"], "Yes"),
        (["<thi", "nk>a", "b</th", "ink> ", " Yes", " <think>"], "Yes <think>"),
        (["<", "b>"], "<b>"),
        (["<think>never ends"], ""),
        (["<thin"], "<thin"),
        (["   "], ""),
    ],
)
def test_what_stands_before_the_answer_is_held_back(pieces: list[str], answer: str) -> None:
    opening = OpeningFilter()

    passed = "".join(opening.pass_on(piece) for piece in pieces) + opening.rest()

    assert passed == answer


def test_an_endless_line_is_garbage_before_it_fills_the_memory() -> None:
    splitter = LineSplitter()

    with pytest.raises(ModelGarbled, match="256 KiB"):
        [splitter.feed(b"x" * 1024) for _ in range(1_000)]


@pytest.mark.parametrize("size_line", [b"zz\r\n", b"-5\r\n", b"\r\n", b"x" * 9_000])
def test_a_wrong_chunk_size_is_garbage(size_line: bytes) -> None:
    with pytest.raises(ModelGarbled):
        ChunkDecoder().feed(size_line + b"abc\r\n")
