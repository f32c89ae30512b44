"""What a model, a log or an index may see of a message, and that nothing is lost by it."""

# ruff: noqa: RUF001 - signs that look alike are what some of these tests are about

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.privacy.pipeline import canonical
from apps.privacy.services import redacting, restoring
from apps.privacy.types import KEPT, MOST_VALUES, REPLACED, Kind, KnownIdentities, TokenTable

# Pieces of which messages are put together: personal data in one writing each, near-tokens, plain words and signs.
PIECES = [
    *(
        "Ana Kowalska",
        "ana.kowalska@example.org",
        "+44 20 7946 0958",
        "4111 1111 1111 1111",
        "GB82 WEST 1234 5698 7654 32",
    ),
    *(
        "192.168.10.20",
        "12 Mill Lane, Leeds LS1 4AP",
        "[EMAIL_1]",
        "[NAME_2]",
        "[EMAIL_",
        "[",
        "]",
        "[[NAME_1]]",
        "NAME_1",
    ),
    *(
        "my name is",
        "write to",
        "born on 12/03/1988",
        "the kettle",
        "order 10023341",
        "\u200b",
        "\n",
        ", ",
        ". ",
        "é",
        "ß",
        "日本",
    ),
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map(" ".join)


def redact(text: str, **options: object) -> str:
    """Redact with a table of its own."""
    return redacting.redact(text, tokens=TokenTable(), **options).text  # type: ignore[arg-type]


def test_a_redacted_message_reads_well() -> None:
    text = "My name is Ana Kowalska, mail me at ana@example.org or call +44 20 7946 0958."

    assert redact(text) == "My name is [NAME_1], mail me at [EMAIL_1] or call [PHONE_1]."


def test_what_an_answer_needs_stays() -> None:
    text = "Order 10023341 to Berlin was due on 3 May 2026; I am 41 years old. See https://example.org/returns"

    assert redact(text) == text
    assert {span.kind for span in redacting.find_spans(text)} == {Kind.PLACE, Kind.DATE, Kind.AGE, Kind.URL}


def test_kinds_are_either_replaced_or_kept() -> None:
    assert set(Kind) == REPLACED | KEPT
    assert not REPLACED & KEPT


def test_tokens_stay_the_same_through_a_conversation() -> None:
    tokens = TokenTable()

    first = redacting.redact("I am Ana Kowalska, ana@example.org", tokens=tokens)
    second = redacting.redact("It is ANA@example.org, not bo@example.org", tokens=tokens)

    assert first.text == "I am [NAME_1], [EMAIL_1]"
    assert second.text == "It is [EMAIL_1], not [EMAIL_2]"
    assert (first.tokens_added, second.tokens_added) == (("[NAME_1]", "[EMAIL_1]"), ("[EMAIL_2]",))


@pytest.mark.parametrize(
    ("writings", "region"),
    [
        (("+44 20 7946 0958", "020 7946 0958", "+442079460958", "(020) 7946-0958", "0044 20 79460958"), "GB"),
        (("ana@example.org", "Ana@Example.org", "ana at example dot org", "ana [at] example [dot] org"), None),
        (("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"), None),
        (("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"), None),
        (("Jürgen Müller", "JÜRGEN MÜLLER"), None),
    ],
)
def test_different_writings_of_a_value_share_a_token(writings: tuple[str, ...], region: str | None) -> None:
    tokens = TokenTable()

    redacted = [redacting.redact(f"My mail or phone is: {one}", tokens=tokens, region=region).text for one in writings]

    assert len(set(redacted)) == 1
    assert len(tokens) == 1


def test_offsets_are_those_of_the_original() -> None:
    text = "Straße ﬁn \u200bｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ\u200b!"

    (span,) = redacting.find_spans(text)

    assert text[span.start : span.end].strip("\u200b") == "ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"


def test_a_decomposed_accent_belongs_to_its_letter() -> None:
    text = "my name is Jose\u0301 Ferna\u0301ndez"

    assert redact(text) == "my name is [NAME_1]"


def test_a_token_that_the_customer_wrote_is_text_and_restores_to_text() -> None:
    tokens = TokenTable()
    redacting.redact("ana@example.org", tokens=tokens)

    redacted = redacting.redact("What does [EMAIL_1] stand for?", tokens=tokens)

    assert redacted.text == "What does [TEXT_1] stand for?"
    assert restoring.restore(redacted.text, tokens) == "What does [EMAIL_1] stand for?"


def test_even_a_token_for_text_that_the_customer_wrote_is_text() -> None:
    tokens = TokenTable()

    redacted = redacting.redact("[TEXT_1] and [TEXT_2]", tokens=tokens)

    assert redacted.text == "[TEXT_1] and [TEXT_2]"
    assert (tokens.get_value("[TEXT_1]"), tokens.get_value("[TEXT_2]")) == ("[TEXT_1]", "[TEXT_2]")


def test_what_is_known_of_the_customer_is_found_in_any_writing() -> None:
    known = KnownIdentities(
        names=("Xanthe Quillfeather",), emails=("xq@example.org",), phones=("+442079460958",), others=("WX-77-Z",)
    )
    text = "xanthe here, QUILLFEATHER on the box; 7946 0958, XQ@example.org, wx-77-z"

    assert redact(text, known=known) == "[NAME_1] here, [NAME_2] on the box; [PHONE_1], [EMAIL_1], [ACCOUNT_1]"


def test_somebody_else_who_shares_a_known_name_is_hidden_whole() -> None:
    known = KnownIdentities(names=("Otto Steinmann",))

    assert redact("Our driver Otto Berghauer comes", known=known) == "Our driver [NAME_1] comes"
    assert redact("I am Otto, my wife is Ana Steinmann", known=known) == "I am [NAME_1], my wife is [NAME_2]"


def test_a_number_is_hidden_whole_whatever_it_is_taken_for() -> None:
    assert redact("driver's licence, or phone 081234 34499") == "driver's licence, or phone [DOCUMENT_1]"


def test_a_known_name_that_is_a_word_counts_with_its_capital() -> None:
    known = KnownIdentities(names=("May Long",))

    assert redact("may I ask how long it takes? Long", known=known) == "may I ask how long it takes? [NAME_1]"


def test_a_megabyte_of_known_name_is_looked_for_no_further_than_names_go() -> None:
    known = KnownIdentities(names=("x" * 1_000_000, "Xanthe"))

    assert redact("xanthe", known=known) == "[NAME_1]"


def test_what_the_organisation_calls_its_own_is_spared() -> None:
    spared = ("Mossop & Wren", "Wick", "hello@mossop.example", "mossop.example")
    text = "Edda Wren, the Wick lamp from Mossop came; hello@mossop.example and kit@mossop.example told ed@example.org"

    redacted = redact(text, spared=spared)

    assert redacted.endswith("from Mossop came; hello@mossop.example and kit@mossop.example told [EMAIL_1]")
    assert "the Wick lamp" in redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Is the Rose Quenvar back?", "Is the Rose Quenvar back?"),
        ("my rose quenvar, the Thrumley Zusholt and Ottilie", "my rose quenvar, the Thrumley Zusholt and [NAME_1]"),
        ("Rose Miller has ordered", "[NAME_1] has ordered"),
        ("I am Thrumley Miller", "I am [NAME_1]"),
        ("I live at 12 Quenvar Street", "I live at [ADDRESS_1]"),
    ],
)
def test_own_words_count_as_they_stand(text: str, redacted: str) -> None:
    assert redact(text, own_words=("Rose Quenvar", "Thrumley Zusholt", "Quenvar")) == redacted


def test_a_customer_who_is_called_like_a_product_is_not_spared() -> None:
    known = KnownIdentities(names=("Rose Quenvar",))

    assert redact("It is Rose Quenvar", own_words=("Rose Quenvar",), known=known) == "It is [NAME_1]"


def test_a_customer_who_is_called_like_the_shop_is_not_spared() -> None:
    redacted = redact("I am Wren", spared=("Mossop & Wren",), known=KnownIdentities(names=("Ada Wren",)))

    assert redacted == "I am [NAME_1]"


def test_a_full_table_still_hides_what_it_cannot_restore() -> None:
    tokens = TokenTable()
    for number in range(MOST_VALUES):
        tokens.add_value(Kind.NAME, str(number), str(number))

    redacted = redacting.redact("ana@example.org", tokens=tokens)

    assert redacted.text == "[EMAIL]"
    assert restoring.restore(redacted.text, tokens) == "[EMAIL]"


@settings(deadline=None)
@given(texts)
def test_a_restored_message_says_what_was_written(text: str) -> None:
    tokens = TokenTable()

    redacted = redacting.redact(text, tokens=tokens)

    pieces: list[str] = []
    position = 0
    for span in redacted.spans:
        value = text[span.start : span.end]
        first_writing = tokens.get_value(tokens.find_token(span.kind, canonical.canonicalise(span.kind, value)) or "")
        pieces += (text[position : span.start], first_writing or "")
        position = span.end
    assert restoring.restore(redacted.text, tokens) == "".join([*pieces, text[position:]])


@settings(deadline=None)
@given(texts)
def test_a_value_written_one_way_restores_exactly(text: str) -> None:
    tokens = TokenTable()
    redacted = redacting.redact(text, tokens=tokens)
    values = [text[span.start : span.end] for span in redacted.spans]

    restored = restoring.restore(redacted.text, tokens)

    assert (restored == text) == (len(set(values)) == len(tokens))


@settings(deadline=None)
@given(texts)
def test_spans_are_in_order_apart_and_within_the_text(text: str) -> None:
    spans = redacting.find_spans(text)

    borders = [border for span in spans for border in (span.start, span.end)]
    assert borders == sorted(borders)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@settings(deadline=None)
@given(texts)
def test_nothing_that_was_replaced_is_left_in_its_place(text: str) -> None:
    tokens = TokenTable()

    redacted = redacting.redact(text, tokens=tokens)

    kept = len(text) - sum(span.end - span.start for span in redacted.spans)
    tokens_length = sum(
        len(tokens.find_token(span.kind, canonical.canonicalise(span.kind, text[span.start : span.end])) or "")
        for span in redacted.spans
    )
    assert len(redacted.text) == kept + tokens_length
    hidden = {text[span.start : span.end] for span in redacted.spans if span.kind in (Kind.EMAIL, Kind.CARD, Kind.BANK)}
    assert [value for value in hidden if value in redacted.text] == []
