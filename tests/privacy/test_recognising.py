"""What is recognised in customers' messages, plain and disguised, and what is left alone."""

# ruff: noqa: RUF001 - signs that look alike are what some of these tests are about

import pytest

from apps.privacy.services import redacting
from apps.privacy.types import Kind, TokenTable


def redact(text: str, region: str | None = None) -> str:
    """Redact with a table of its own."""
    return redacting.redact(text, tokens=TokenTable(), region=region).text


def find(text: str, kind: Kind, region: str | None = None) -> list[str]:
    """Return what is recognised as a kind."""
    return [text[span.start : span.end] for span in redacting.find_spans(text, region=region) if span.kind is kind]


# E-mail and other addresses online --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "ana.kowalska+shop@mail.example.org",
        "o'hara@example.org",
        "ANA@EXAMPLE.ORG",
        "аna@example.org",  # a Cyrillic letter
        "ana＠example．org",
        "a\u200bna@exam\u200bple.org",
        "ana @ example.org",
        "a n a @ e x a m p l e . o r g",
        "ana at example dot org",
        "ana.k (at) example (dot) org",
        "ana[at]example[dot]org",
        "ana arobase example point org",
        "ana arroba example punto org",
        "ana chiocciola example punto org",
        "ana klammeraffe example punkt org",
        "ana apenstaartje example punt org",
        "müller@bücher.example",
    ],
)
def test_an_email_address_is_found_in_every_disguise(address: str) -> None:
    assert redact(f"please write to {address} today") == "please write to [EMAIL_1] today"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("I am ana[at]example[dot]org. Call me.", "I am [EMAIL_1]. Call me."),
        ("mail me: ana at shop dot co dot uk. In haste", "mail me: [EMAIL_1]. In haste"),
        (
            "My e-mail is hamish dot birken12 at kiteline dot example. It is late.",
            "My e-mail is [EMAIL_1]. It is late.",
        ),
    ],
)
def test_a_spelled_address_ends_where_its_sentence_ends(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "please look at amazon dot com for it",
        "I am at example.com and see nothing",
        "two kettles @ 30 pounds each",
        "order at your shop dot it is late",
        "@ the station",
    ],
)
def test_a_sentence_about_a_place_is_no_address(text: str) -> None:
    assert find(text, Kind.EMAIL) == []


def test_machines_are_found() -> None:
    text = "from 203.0.113.7 and 2001:db8::8a2e:370:7334, card 00:1A:2B:3C:4D:5E; version 1.2.3, at 12:34:56"

    assert redact(text) == "from [IP_1] and [IP_2], card [DEVICE_1]; version 1.2.3, at 12:34:56"


def test_handles_and_named_secrets_are_found() -> None:
    text = "I am @quill_feather there, username: quill77, my password is Tea4two!"

    assert redact(text) == "I am [USER_NAME_1] there, username: [USER_NAME_2], my password is [SECRET_1]!"


# Numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+1 (415) 555-2671", None),
        ("(415) 555-2671", None),
        ("415.555.2671", None),
        ("+49 30 901820", None),
        ("030 / 90 18 20", "DE"),
        ("01 42 68 53 00", "FR"),
        ("0044 20 7946 0958", None),
        ("+91 98765 43210", None),
        ("+86 138 1234 5678", None),
        ("0911 234 5678", "PH"),
        ("+354 412 3456", None),
        ("９０１-８２-００００１", "JP"),
        ("oh two oh, seven nine four six, oh nine five eight", None),
        ("zero zwei null sieben neun vier sechs acht", None),
        ("double two five five, seven nine one, triple four", None),
    ],
)
def test_a_telephone_number_is_found_in_every_region_and_style(number: str, region: str | None) -> None:
    assert redact(f"you can call me on {number}, thanks", region) == "you can call me on [PHONE_1], thanks"


def test_a_short_national_number_counts_where_the_region_has_such() -> None:
    assert find("call me on 51234 please", Kind.PHONE, "FK") == ["51234"]
    assert find("call me on 51234 please", Kind.PHONE) == []


@pytest.mark.parametrize(
    "text",
    [
        "order number 4155552671 is late",
        "tracking 01234567890 says delivered",
        "Bestellnummer 0301234567",
        "it was 2026-03-04, then 04.03.2026",
        "£1250.00 for 12 pieces of 100 x 200",
        "article 20 7946 0958",
    ],
)
def test_numbers_of_orders_parcels_and_days_are_left_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "378282246310005",
        "3782 822463 10005",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)
def test_a_card_is_found_by_its_check_digit(number: str) -> None:
    assert redact(f"I paid with {number} yesterday") == "I paid with [CARD_1] yesterday"


def test_a_card_with_a_typing_error_is_found_where_it_is_called_a_card() -> None:
    assert redact("my card 4111 1111 1111 1112 was charged") == "my card [CARD_1] was charged"
    assert redact("the parcel 4111 1111 1111 1112 was lost") == "the parcel 4111 1111 1111 1112 was lost"


@pytest.mark.parametrize(
    "iban",
    [
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "nl91abna0417164300",
        "FR14 2004 1010 0505 0001 3M02 606",
    ],
)
def test_a_bank_account_is_found(iban: str) -> None:
    assert redact(f"refund to {iban} please") == "refund to [BANK_1] please"


def test_a_wallet_is_found_by_its_checksum() -> None:
    assert redact("send it to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2") == "send it to [WALLET_1]"
    assert find("send it to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", Kind.WALLET) == []


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("my SSN is 545-35-3314.", "my SSN is [NATIONAL_ID_1]."),
        ("NI number QQ 12 34 56 C? No: AB 12 34 56 C", "NI number QQ 12 34 56 C? No: [NATIONAL_ID_1]"),
        ("mon numéro de sécu : 2 98 08 33 345 315 63", "mon numéro de sécu : [NATIONAL_ID_1]"),
        ("mi DNI es 43684248A", "mi DNI es [NATIONAL_ID_1]"),
        ("meine Steuer-ID: 43 801 896 584", "meine Steuer-ID: [NATIONAL_ID_1]"),
        ("codice fiscale DRTTGP81P17H501S", "codice fiscale [NATIONAL_ID_1]"),
        ("meu CPF é 442.865.053-16", "meu CPF é [NATIONAL_ID_1]"),
        ("mijn BSN is 249351274", "mijn BSN is [NATIONAL_ID_1]"),
        ("PESEL 74061422644", "PESEL [NATIONAL_ID_1]"),
        ("personnummer 790111-6835", "personnummer [NATIONAL_ID_1]"),
        ("my passport number is X1234567", "my passport number is [DOCUMENT_1]"),
        ("customer id: KD-448812", "customer id: [ACCOUNT_1]"),
        ("Medical Record Number: 7790121", "Medical Record Number: [HEALTH_ID_1]"),
        ("my car is AB51 XYZ", "my car is [VEHICLE_1]"),
    ],
)
def test_numbers_of_persons_are_found(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_a_bare_number_that_might_be_anything_needs_its_region() -> None:
    assert redact("it says 74061422644") == "it says 74061422644"
    assert redact("it says 74061422644", "PL") == "it says [NATIONAL_ID_1]"


# Days and addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("I was born on 12 March 1988.", "I was born on [BIRTH_DATE_1]."),
        ("DOB: 1988-03-12", "DOB: [BIRTH_DATE_1]"),
        ("geboren am 12.03.1988", "geboren am [BIRTH_DATE_1]"),
        ("née le 12/03/1988", "née le [BIRTH_DATE_1]"),
        ("nacido el 12 de marzo de 1988", "nacido el [BIRTH_DATE_1]"),
        ("nata il 12/03/1988", "nata il [BIRTH_DATE_1]"),
        ("delivered on 12 March 2026", "delivered on 12 March 2026"),
    ],
)
def test_a_birth_date_is_told_from_other_days(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "address",
    [
        "12 Mill Lane, Leeds LS1 4AP",
        "1600 Elm Avenue Apt. 5, Springfield, IL 62704",
        "Hauptstraße 12a, 10115 Berlin",
        "Villacher Strasse 89",
        "12 rue de la Paix, 75002 Paris",
        "Calle Mayor 5, 28013 Madrid",
        "Via Garibaldi 12, 20121 Milano",
        "Rua Augusta 1500",
        "Keizersgracht 123, 1015 CJ Amsterdam",
        "PO Box 1234",
        "Leylak Sokak No: 121 Daire 5, Kadıköy",
        "Bağdat Cad. No 212",
        "Calle de Alcalá 45, 3º B, 28014 Madrid",
        "Vasagatan 3 lgh 1201",
        "Plot 45, Sector 12, Dwarka, New Delhi 110075",
    ],
)
def test_a_postal_address_is_found_to_its_end(address: str) -> None:
    assert redact(f"send it to {address}, please") == "send it to [ADDRESS_1], please"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("I live at 9 rue des Lilas. card no. 123 is old", "I live at [ADDRESS_1]. card no. 123 is old"),
        ("C'est 25 rue Monge, 75011 Paris. Ma commande est là", "C'est [ADDRESS_1]. Ma commande est là"),
        ("to Hauptallee 604. DOB 1989-03-26 Thanks", "to [ADDRESS_1]. DOB [BIRTH_DATE_1] Thanks"),
    ],
)
def test_an_address_does_not_swallow_what_comes_after(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_a_driver_is_no_driving_licence() -> None:
    assert redact("Our driver rings from 081234 34499") == "Our driver rings from [PHONE_1]"
    assert redact("driver's licence 08123434") == "driver's licence [DOCUMENT_1]"


@pytest.mark.parametrize(
    "text",
    [
        "it works on 110 and 230 volts",
        "during 2024 we bought 3 kettles",
        "24 in the European Union",
        "free delivery from 14:00 to 16:00 on Monday",
    ],
)
def test_quantities_are_no_addresses(text: str) -> None:
    assert redact(text) == text
