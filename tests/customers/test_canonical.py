"""When two identities are the same, and what cannot be one."""
# ruff: noqa: RUF001  letters that look like others are what this is about

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import errors
from apps.customers.errors import EmailUnreadable, ExternalIdUnreadable, FactUnreadable, PhoneUnreadable
from apps.customers.services import canonical

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
HIDDEN = [
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\x00",
    "\x1b",
    "\ue000",
    "\ud800",
    "\u3164",
    "\U000e0041",
]
A_MEGABYTE = "x" * 1_000_000


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("vera@example.com", "vera@example.com"),
        ("  Vera.Wood+shop@EXAMPLE.com\n", "vera.wood+shop@example.com"),
        ("ｖｅｒａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "vera@example.com"),
        ("vera@bücher.example", "vera@xn--bcher-kva.example"),
        ("vera@BU\u0308CHER.example", "vera@xn--bcher-kva.example"),
        ("vera@xn--bcher-kva.example", "vera@xn--bcher-kva.example"),
        ("vera@example.com.", "vera@example.com"),
        ("vera@straße.example", "vera@xn--strae-oqa.example"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
    ],
)
def test_an_email_address_has_one_form(written: str, same: str) -> None:
    assert canonical.canonical_email(written) == same


@pytest.mark.parametrize("pair", [("a.b@example.com", "ab@example.com"), ("a@straße.example", "a@strasse.example")])
def test_addresses_of_different_people_stay_different(pair: tuple[str, str]) -> None:
    assert canonical.canonical_email(pair[0]) != canonical.canonical_email(pair[1])


@pytest.mark.parametrize(
    "written",
    [
        *("", "@", "vera", "vera@", "@example.com", "vera@localhost", "vera@127.0.0.1", "vera@[127.0.0.1]", "a b@x.de"),
        *("vera@@example.com", "a@b@example.com", ".a@example.com", "a.@example.com", "a..b@example.com"),
        *('"a b"@example.com', "a@-x.example", "a@x-.example", "a@x_y.example", "a@x..example", "a@☃.example"),
        *("x" * 65 + "@example.com", "a@" + "x" * 64 + ".example", "a@" + "x." * 130 + "example", A_MEGABYTE),
        *("é" * 33 + "@example.com", "a@xn--a.example", "a\u3000b@example.com"),
        *(f"ve{letter}ra@example.com" for letter in HIDDEN),
        *(f"vera@exam{letter}ple.com" for letter in HIDDEN if letter != "\u00ad"),
    ],
)
def test_what_is_no_email_address_is_refused(written: str) -> None:
    with pytest.raises(EmailUnreadable):
        canonical.canonical_email(written)


@pytest.mark.parametrize(
    ("written", "region", "same"),
    [
        ("+44 20 7946 0018", "", "+442079460018"),
        ("+44 (0)20 7946-0018", "", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0044 20 7946 0018", "DE", "+442079460018"),
        ("+4420 7946\u20110018", "", "+442079460018"),
        ("٠٢٠٧٩٤٦٠٠١٨", "GB", "+442079460018"),
        ("＋４４２０７９４６００１８", "", "+442079460018"),
        ("+39 06 698 12345", "", "+390669812345"),
    ],
)
def test_a_telephone_number_has_one_form(written: str, region: str, same: str) -> None:
    assert canonical.canonical_phone(written, region=region) == same


@pytest.mark.parametrize(
    "written",
    [
        *("", "12", "020 7946 0018", "+44", "+999 123456", "+1 202 555 0123 x5", "1-800-FLOWERS", "tel:+442079460018"),
        *("+44207946001\u202e8", "+4420794\u200b60018", "+" * 65, "+44" + "2" * 40, A_MEGABYTE),
    ],
)
def test_what_is_no_telephone_number_is_refused(written: str) -> None:
    with pytest.raises(PhoneUnreadable):
        canonical.canonical_phone(written)


def test_an_external_id_is_exact_but_for_composed_letters() -> None:
    assert canonical.canonical_external_id("Kunde No\u0308-7") == "Kunde Nö-7"
    assert canonical.canonical_external_id("u-1") != canonical.canonical_external_id("U-1")


@pytest.mark.parametrize(
    "written", ["", " u", "u ", "\n", "u" * 256, A_MEGABYTE, *(f"u{letter}1" for letter in HIDDEN), "u\ufe0f"]
)
def test_what_is_no_external_id_is_refused(written: str) -> None:
    with pytest.raises(ExternalIdUnreadable):
        canonical.canonical_external_id(written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Vera\t\n Wood ", "Vera Wood"),
        ("Ve\u202era\u2069 W\x00ood\x1b", "Vera Wood"),
        ("Jose\u0301", "José"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud83dVera", "Vera"),
    ],
)
def test_a_name_is_kept_without_what_hides_in_it(written: str, kept: str) -> None:
    assert canonical.make_fact("name", written) == ("name", kept)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("name", value) for value in ("", " \n", "\u200b", "\u200d", "x" * 201, A_MEGABYTE)),
        *(("locale", value) for value in ("x", "english please", "../en")),
        *((key, "x") for key in ("", "Name", "a b", "x" * 41, "ключ")),
    ],
)
def test_what_cannot_be_kept_is_refused(key: str, value: str) -> None:
    with pytest.raises(FactUnreadable):
        canonical.make_fact(key, value)


@pytest.mark.parametrize(("written", "kept"), [("en_gb", "en-GB"), ("DE", "de"), ("zh-Hant-TW", "zh-Hant-TW")])
def test_a_locale_has_one_form(written: str, kept: str) -> None:
    assert canonical.make_fact("locale", written) == ("locale", kept)


def _settle(make: object, written: str) -> tuple[str, str]:
    """Return the canonical form and the canonical form of that; both empty for what is refused."""
    try:
        once = make(written)  # type: ignore[operator]
    except errors.Invalid:
        return "", ""
    return once, make(once)  # type: ignore[operator]


@given(local=ANY_TEXT, domain=st.one_of(ANY_TEXT, st.just("example.com"), st.just("bücher.example")))
def test_any_email_address_is_refused_or_settled(local: str, domain: str) -> None:
    once, twice = _settle(canonical.canonical_email, f"{local}@{domain}")

    assert once == twice
    assert once == unicodedata.normalize("NFKC", once)
    assert len(once.encode()) <= canonical.EMAIL_LONGEST


@given(written=st.one_of(ANY_TEXT, st.from_regex(r"\+[0-9 ()-]{5,20}", fullmatch=True)))
def test_any_telephone_number_is_refused_or_settled(written: str) -> None:
    once, twice = _settle(canonical.canonical_phone, written)

    assert once == twice
    assert once[:1] in {"", "+"}


@given(written=ANY_TEXT)
def test_any_external_id_is_refused_or_settled(written: str) -> None:
    once, twice = _settle(canonical.canonical_external_id, written)

    assert once == twice
    assert once.encode().decode() == once


@given(written=ANY_TEXT)
def test_any_name_is_refused_or_settled(written: str) -> None:
    once, twice = _settle(lambda value: canonical.make_fact("name", value)[1], written)

    assert once == twice
    assert once.encode().decode() == once


@pytest.mark.parametrize("letter", ["x", "\ufdfa", "\u0301", "@", ".", "1", "\u202e"])
def test_a_megabyte_is_refused_at_once(letter: str) -> None:
    started = time.perf_counter()
    for make in (canonical.canonical_email, canonical.canonical_phone, canonical.canonical_external_id):
        with pytest.raises(errors.Invalid):
            make(letter * 1_000_000)

    assert time.perf_counter() - started < 0.1
