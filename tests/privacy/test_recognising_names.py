"""Where names are found, in capitals or without, and which words are no names."""

import pytest

from apps.privacy.services import redacting
from apps.privacy.types import TokenTable


def redact(text: str) -> str:
    """Redact with a table of its own."""
    return redacting.redact(text, tokens=TokenTable()).text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("my name is quorra zentner", "my name is [NAME_1]"),
        ("I'm Sanne and I need help", "I'm [NAME_1] and I need help"),
        ("this is Oluwaseun Adebayo-Pike.", "this is [NAME_1]."),
        ("ich heiße Jürgen Müller", "ich heiße [NAME_1]"),
        ("mein Name ist Zrinka", "mein Name ist [NAME_1]"),
        ("je m'appelle Aurélie", "je m'appelle [NAME_1]"),
        ("mi nombre es Íñigo Goñi", "mi nombre es [NAME_1]"),
        ("me llamo Begoña", "me llamo [NAME_1]"),
        ("mi chiamo Ginevra", "mi chiamo [NAME_1]"),
        ("mijn naam is Fenna de Wit", "mijn naam is [NAME_1]"),
        ("meu nome é Thaís", "meu nome é [NAME_1]"),
        ("jag heter Åsa", "jag heter [NAME_1]"),
    ],
)
def test_an_introduction_names_somebody(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Hi Zrinka, it came", "Hi [NAME_1], it came"),
        ("Sehr geehrte Frau Quandt, danke", "Sehr geehrte Frau [NAME_1], danke"),
        ("Ask Mr. Trelawney about it", "Ask Mr. [NAME_1] about it"),
        ("Name: Zrinka Quorra\nOrder: 5", "Name: [NAME_1]\nOrder: 5"),
        ("my wife Ottoline will sign", "my wife [NAME_1] will sign"),
        ("It never came.\n\nKind regards\nZrinka Q. Vell", "It never came.\n\nKind regards\n[NAME_1]"),
        ("It never came. Thanks, zrinka", "It never came. Thanks, [NAME_1]"),
        ("Mit freundlichen Grüßen\nJürgen Müller", "Mit freundlichen Grüßen\n[NAME_1]"),
        ("write to Urkom <urkom@example.org>", "write to [NAME_1] <[EMAIL_1]>"),
        ("Name on the order: Zrinka Vornel. Is it late?", "Name on the order: [NAME_1]. Is it late?"),
        ("Name auf der Rechnung: Zrinka Vornel", "Name auf der Rechnung: [NAME_1]"),
        ("Our driver Balles Vornel will ring", "Our driver [NAME_1] will ring"),
        ("Is it late? Thanks, Balles Vornel", "Is it late? Thanks, [NAME_1]"),
    ],
)
def test_fields_titles_greetings_and_signatures_name_somebody(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("I gave it to Emma on the stairs", "I gave it to [NAME_1] on the stairs"),
        ("the box says emma and ryan", "the box says [NAME_1] and [NAME_2]"),
        ("I spoke with Katarzyna Wiśniewska", "I spoke with [NAME_1]"),
        ("Saga Björkhagen, ordered last week.", "[NAME_1], ordered last week."),
        ("Çağr\u0131 Topraktürk has ordered", "[NAME_1] has ordered"),
        ("Quenvar Zusholt, ordered last week.", "[NAME_1], ordered last week."),
        ("it was J. K. Ashdown who signed", "it was [NAME_1] who signed"),
        ("Will Turner signed for it", "[NAME_1] signed for it"),
        ("we asked Ludwig van der Berg", "we asked [NAME_1]"),
        ("EMMA SMITH SIGNED FOR MY PARCEL", "[NAME_1] SIGNED FOR MY PARCEL"),
    ],
)
def test_listed_names_are_found_without_an_introduction(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_somebody_named_once_is_found_again() -> None:
    assert (
        redact("My name is Zrinka Quorra. Quorra is also on the bell.")
        == "My name is [NAME_1]. [NAME_2] is also on the bell."
    )


@pytest.mark.parametrize(
    "text",
    [
        "Will the Night Post arrive in May or June?",
        "Mark my order as urgent, please",
        "Is the Rose Gold kettle back? The Olive one is fine, too.",
        "Grace period, summer sale, Amber light, Penny farthing",
        "My Dyson and my Bosch from Amazon work with Alexa",
        "I am Tired of this, I'm Very angry",
        "The Black Friday price was on Monday, not on Easter Sunday",
        "Please ship it to Jordan, Georgia or Paris",
        "Hello there, thanks again. Best regards",
        "Wann kommt die Lieferung? Die Decke hat ein Loch im Stoff.",
        "Dear Sir or Madam, Dear Team",
        "my name is spelled wrong, call me back tomorrow",
        "Name of the product: Halt travel kettle",
        "The Zusholt Quenvar is back, and #Zusholt Quenvar trends",
        "We are in Zusholt Quenvar",
    ],
)
def test_words_products_months_and_brands_are_no_names(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Jordan said that it is broken", "[NAME_1] said that it is broken"),
        ("we live in Jordan", "we live in Jordan"),
        ("Hi Austin, any news?", "Hi [NAME_1], any news?"),
        ("from Austin to Dallas", "from Austin to Dallas"),
    ],
)
def test_a_name_that_is_a_place_is_told_by_its_surroundings(text: str, redacted: str) -> None:
    assert redact(text) == redacted
