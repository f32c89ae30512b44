"""What does the writer call by name? "Customer id: 91837", "my passport is …", "password: …", in several languages.

The word before a value says what it is, so the value needs no shape of its own. Numbers of orders, parcels and
products are left alone: an answer needs them.
"""

import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import lexicon
from apps.privacy.pipeline.reading import Reading, Word
from apps.privacy.types import Kind, Span

_VALUE: Final = re.compile(
    r"(?<![A-Za-z0-9@.£$€])#?(?=[A-Za-z./-]{0,12}\d)[A-Za-z0-9](?:[A-Za-z0-9]|"
    r"[-/.](?=[A-Za-z0-9])){2,40}(?: (?=\d)\d{2,6}(?![A-Za-z\d])){0,5}"
)
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:\.(?=[a-z]))?")
# Words that may stand between the label and its value.
_BETWEEN: Final = lexicon.words("between")
_ROWS: Final[tuple[tuple[Kind, str, str], ...]] = (
    (Kind.NATIONAL_ID, "ssn", "ssn social socialnum socialnumber soc"),
    (
        Kind.NATIONAL_ID,
        "called_id",
        "national nin tin steuer steuerid personnummer bsn dni nif nie cpf pesel curp aadhaar nric tax cedula identite",
    ),
    (Kind.DOCUMENT, "called_passport", "passport reisepass passeport pasaporte passaporto passaporte paspoort"),
    (
        Kind.DOCUMENT,
        "called_licence",
        "licence license fuhrerschein permis patente rijbewijs dl ausweis personalausweis certificate",
    ),
    (Kind.HEALTH_ID, "mrn", "mrn mrns medical med chart patient"),
    (Kind.HEALTH_ID, "npi", "npi npis provider"),
    (
        Kind.HEALTH_ID,
        "called_health",
        "beneficiary member insurance dea medicare nhs versicherung krankenkasse policy health",
    ),
    (
        Kind.BANK,
        "called_account",
        "account acct konto kontonummer compte cuenta conta conto rekening rekeningnummer routing sort",
    ),
    (Kind.BANK, "called_bank", "iban bic swift"),
    (
        Kind.ACCOUNT,
        "called_customer",
        "customer client user userid employee student membership kunden kundennummer kundennr mitglied mitgliedsnummer "
        "loyalty frequent login klantnummer cliente utente",
    ),
    (
        Kind.SECRET,
        "called_secret",
        "pin otp cvv cvc tan passcode password passwort kennwort contrasena senha wachtwoord",
    ),
    (Kind.VEHICLE, "called_vehicle", "vin plate kennzeichen plaque matricula targa kenteken"),
    (Kind.POSTCODE, "called_postcode", "zip zipcode postcode postal plz postleitzahl cap cep"),
    (Kind.DEVICE, "called_device", "imei"),
)
_LABELS: Final = {word: (kind, scheme) for kind, scheme, words in _ROWS for word in words.split()}
_PLAIN: Final = lexicon.words("plain")
_NUMBER_WORDS: Final = lexicon.words("number_words")
_ORDERS: Final = lexicon.words("orders")
# A few of those kinds have values that prove themselves by their form.
_MEDICAL: Final = re.compile(r"(?<![A-Za-z0-9])(?:MRN|MED|MR)[-:# ]{0,2}\d{4,10}(?![A-Za-z0-9])")
_WORDY: Final = {
    **dict.fromkeys(
        [
            "username",
            "usernames",
            "login",
            "nickname",
            "nick",
            "benutzername",
            "gebruikersnaam",
            "usuario",
            "identifiant",
            "utente",
            "handle",
            "screenname",
            "user",
        ],
        Kind.USER_NAME,
    ),
    **dict.fromkeys(
        [
            "password",
            "passwort",
            "kennwort",
            "contrasena",
            "senha",
            "wachtwoord",
            "passphrase",
            "passcode",
            "passwd",
            "pwd",
            "motdepasse",
        ],
        Kind.SECRET,
    ),
}
_ASSIGNED: Final = re.compile(
    r"\s?(name|id)?\s{0,2}(?:[:=]|\bis\b|\bist\b|\best\b|\bes\b)\s{0,3}[\"'`]?([^\s\"'`<>,;()\[\]]{2,64})"
)
_DATE: Final = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|(?:19|20)\d\d")
# How many digits such a value has; one with fewer is something else.
_DIGITS: Final = {Kind.POSTCODE: (3, 9), Kind.SECRET: (3, 20), Kind.BANK: (5, 40)}
_SENTENCE: Final = re.compile(r"[.!?;\n|](?=\s|$)|[\n|>]")


def find(reading: Reading) -> Iterator[Span]:
    """Yield the values that a word calls personal."""
    if reading.has_digits:
        for found in _VALUE.finditer(reading.text):
            yield from _judge(reading, found)
        for found in _MEDICAL.finditer(reading.text):
            yield Span(found.start(), found.end(), Kind.HEALTH_ID, 0.95, "mrn")
    for word in reading.words:
        if (kind := _WORDY.get(word.lower)) is not None:
            yield from _read_assigned(reading, word, kind)


def _read_assigned(reading: Reading, word: Word, kind: Kind) -> Iterator[Span]:
    """Read "username: …" and "my password is …"; "user:" alone is whoever speaks."""
    found = _ASSIGNED.match(reading.text, word.end)
    if found is None or (word.lower == "user" and not found[1]):
        return
    start, end = found.span(2)
    if kind is Kind.SECRET or _is_user_name(found[2]):
        yield Span(start, end - (found[2][-1] in ".!?"), kind, 0.85, "assigned")


def _judge(reading: Reading, found: re.Match[str]) -> Iterator[Span]:
    start, end = found.span()
    written = found[0]
    if written.startswith("#"):
        start, written = start + 1, written[1:]
    digits = sum(char.isdigit() for char in written)
    if digits < 3 or _DATE.fullmatch(written):
        return
    label = _find_label(reading.before(start, 60))
    if label is None:
        return
    kind, scheme = label
    least, most = _DIGITS.get(kind, (4, 40))
    if least <= digits <= most and not (scheme == "ssn" and digits != 9):
        yield Span(start, end, kind, 0.82, scheme)


def _find_label(before: str) -> tuple[Kind, str] | None:
    """Return what the words just before a value call it: the nearest label, over a few words that may stand between.

    Labels that are also plain words ("customer", "patient") need "number", "id" or a colon beside them.
    """
    cut = 0
    for sentence in _SENTENCE.finditer(before):
        cut = sentence.end()
    sentence_words = [word.rstrip(".") for word in _LETTERS.findall(before[cut:])[-6:]]
    numbered = before.rstrip(" *`\"'").endswith((":", "#", "=", "("))
    passed = 0
    for index in range(len(sentence_words) - 1, -1, -1):
        word = sentence_words[index]
        if word in _ORDERS:
            return None
        label = _LABELS.get(word)
        if label is not None and (numbered or word not in _PLAIN):
            return None if index and sentence_words[index - 1] in _ORDERS else label
        numbered = numbered or word in _NUMBER_WORDS
        passed += word not in _BETWEEN
        if passed > 1:
            return None
    return None


def _is_user_name(written: str) -> bool:
    return not written.isalpha() or not written.islower() or len(written) > 12
