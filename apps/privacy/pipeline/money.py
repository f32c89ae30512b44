"""Where are cards, bank accounts and wallets? By structure and check digits; without them only beside their words."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import checksums, identifiers, lexicon, schemes
from apps.privacy.pipeline.reading import Reading, Run
from apps.privacy.types import Kind, Span

_CARD: Final = re.compile(
    r"(?<![\dA-Za-z.+])(?<!\d-)(?:"
    r"\d{4}([ .-]{1,3})\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?"
    r"|\d{4}([ .-]{1,3})\d{6}\2\d{4,5}"
    r"|\d{12,19}"
    r"|\d(?:[ ]\d){12,18}"
    r")(?![\dA-Za-z]|-\d)"
)
_LEAST_CARD: Final = 12
_CARD_WORDS: Final = lexicon.compile_alternatives("cards")
# The issuers' first digits: 2 to 6, JCB's old ones and UATP's 1 with 15 digits.
_ISSUED: Final = re.compile(r"[3-6]|2[2-7]|(?:1800|2131|1\d{14})")

# Country and structure of its account numbers.
_IBAN: Final = dict(entry.split(":") for entry in lexicon.read("ibans.txt")["structures"])
_IBAN_START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_REST: Final = re.compile(r"(?:[ .-]{0,2}[A-Z0-9]){9,31}", re.IGNORECASE)
_IBAN_WORDS: Final = re.compile(r"iban|bank|account|konto|compte|cuenta|conto|rekening|conta\b")

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_WALLET: Final = re.compile(
    r"(?:[13LMD][1-9A-HJ-NP-Za-km-z]{25,34}|(?:bc1|BC1|ltc1|LTC1)[02-9A-Za-z]{11,71}|0x[0-9A-Fa-f]{40})"
)
_LONG: Final = re.compile(r"[A-Za-z0-9]{14,}")


def find(reading: Reading) -> Iterator[Span]:
    """Yield cards, account numbers and wallets."""
    yield from find_cards(reading)
    yield from find_ibans(reading)
    yield from find_wallets(reading)


def find_cards(reading: Reading) -> Iterator[Span]:
    """Yield card numbers whose check digit agrees, or that are called a card."""
    long = [run for run in reading.runs if run.digits >= _LEAST_CARD]
    for found in (found for run in long for found in _CARD.finditer(reading.text, run.start, _end(reading, run))):
        digits = schemes.compact(found[0])
        called = _CARD_WORDS.search(reading.before(found.start(), 45)) is not None
        if (len(digits) >= 13 or called) and checksums.check_luhn(digits) and not checksums.is_repeated(digits):
            if _ISSUED.match(digits) or called:
                ordered = not called and identifiers.follows_order_word(reading, found.start())
                yield Span(found.start(), found.end(), Kind.CARD, 0.4 if ordered else 0.96, "card")
        elif called and len(digits) >= 13:
            yield Span(found.start(), found.end(), Kind.CARD, 0.8, "card_called")


def find_ibans(reading: Reading) -> Iterator[Span]:
    """Yield international account numbers; one whose check digits fail only beside a word for it."""
    for found in _IBAN_START.finditer(reading.text):
        structure = _STRUCTURES.get(found[0][:2].upper())
        rest = _IBAN_REST.match(reading.text, found.end())
        if structure is None or rest is None:
            continue
        end = _measure(reading.text, found.end(), rest.end(), structure.length)
        if end is None:
            continue
        digits = schemes.compact(reading.text[found.start() : end])
        if structure.pattern.fullmatch(digits) and checksums.check_mod_97_10(digits[4:] + digits[:4]):
            yield Span(found.start(), end, Kind.BANK, 0.99, "iban")
        elif sum(char.isdigit() for char in digits) >= 8 and _IBAN_WORDS.search(reading.before(found.start(), 40)):
            yield Span(found.start(), end, Kind.BANK, 0.8, "iban_called")


def find_wallets(reading: Reading) -> Iterator[Span]:
    """Yield addresses of crypto-currencies whose checksum agrees; not all writers keep that of Ethereum."""
    for token in _LONG.finditer(reading.text):
        found = _WALLET.fullmatch(token[0])
        if found is None:
            continue
        written = found[0]
        good = written.startswith("0x") or (
            _check_bech32(written) if written[:3].lower() in ("bc1", "ltc") else _check_base58(written)
        )
        if good:
            yield Span(token.start(), token.end(), Kind.WALLET, 0.97, "wallet")


class _Structure:
    """The national part of one country's account numbers."""

    def __init__(self, rule: str) -> None:
        parts = re.findall(r"(\d+)([nac])", rule)
        classes = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
        self.length = sum(int(count) for count, _ in parts)
        self.pattern = re.compile(r"[A-Z]{2}[0-9]{2}" + "".join(f"{classes[kind]}{{{count}}}" for count, kind in parts))


_STRUCTURES: Final = {country: _Structure(rule) for country, rule in _IBAN.items()}


def _end(reading: Reading, run: Run) -> int:
    """Return where a pattern may look beyond a run, so that its right border is seen."""
    return min(len(reading.text), run.end + 2)


def _measure(text: str, start: int, limit: int, length: int) -> int | None:
    """Return where the given number of letters and digits ends, or None where a word goes on."""
    position = start
    while length and position < limit:
        length -= text[position].isalnum()
        position += 1
    if length or (position < len(text) and text[position].isascii() and text[position].isalnum()):
        return None
    return position


def _check_base58(written: str) -> bool:
    number = 0
    for char in written:
        number = number * 58 + _BASE58.index(char)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _check_bech32(written: str) -> bool:
    prefix, _, data = written.lower().rpartition("1")
    if not prefix or any(char not in _BECH32 for char in data) or written not in (written.lower(), written.upper()):
        return False
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32.index(char) for char in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> index & 1 else 0
    return check in (1, 0x2BC830A3)
