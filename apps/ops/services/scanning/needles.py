"""In which forms may a value stand somewhere? Every spelling and every encoding, as bytes to search for.

Matching ignores the case of ASCII letters (see ``matching``), so forms that differ in nothing else are not repeated.
Where one form contains another, both are kept: the shorter finds more, the longer says more.
"""

import base64
import hashlib
import html
import json
import quopri
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import phonenumbers

from apps.ops.services.scanning.canaries import SHORTEST, Canary

# Base64 and hexadecimal digits of shorter values turn up in keys and ciphertext by chance.
SHORTEST_ENCODED = 8
SHORTEST_PART = 7
_HASHES = ("md5", "sha1", "sha256")
_SEPARATORS = re.compile(r"[\s\-./()]+")


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for, in lower case, and what it means to find them."""

    pattern: bytes
    canary: str
    kind: str
    encoding: str


def build_needles(canaries: Iterable[Canary]) -> list[Needle]:
    """Return all needles; the first name of a form counts where two forms of one canary are the same bytes."""
    found: dict[tuple[bytes, str], Needle] = {}
    for canary in canaries:
        for encoding, data in _list_forms(canary):
            pattern = data.lower()
            if len(pattern) >= SHORTEST:
                needle = Needle(pattern, canary.id, canary.kind, encoding)
                found.setdefault((pattern, canary.id), needle)
    return list(found.values())


def _list_forms(canary: Canary) -> Iterator[tuple[str, bytes]]:
    for spelling, text in list_spellings(canary):
        for encoding, data in encode(text):
            yield (encoding if spelling == "as written" else f"{spelling}, {encoding}"), data
    for text in {canary.value, *_list_canonical(canary)}:
        yield from hash_forms(text)


# Spellings ---------------------------------------------------------------------------------------------------------
def list_spellings(canary: Canary) -> list[tuple[str, str]]:
    """Return how people and programs write the value: as given, folded, and what its kind implies."""
    texts = [("as written", canary.value), *(("other spelling", text) for text in canary.also)]
    texts += _SPELLED_BY_KIND.get(canary.kind, lambda _value: [])(canary.value)
    first: dict[str, str] = {}
    for name, text in texts:
        for folding, form in _fold(text):
            first.setdefault(form, f"{name}{folding}")
    return [(name, text) for text, name in first.items() if len(text) >= SHORTEST]


def _fold(text: str) -> Iterator[tuple[str, str]]:
    yield "", text
    for form in ("NFC", "NFD", "NFKC"):
        yield f" ({form})", unicodedata.normalize(form, text)
    folded = unicodedata.normalize("NFKC", text).casefold()
    yield " (case-folded)", folded
    yield " (upper case)", text.upper()
    without_accents = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    yield " (without accents)", without_accents


def _spell_email(value: str) -> list[tuple[str, str]]:
    local, _, _domain = value.partition("@")
    return [("local part", local)] if len(local) >= SHORTEST_PART else []


def _spell_phone(value: str) -> list[tuple[str, str]]:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return [("digits", re.sub(r"\D", "", value))]
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    groups = _SEPARATORS.split(international)[1:]
    return [
        # Part of the number in every form without separators: with +, 00, 0 or nothing in front.
        ("digits", phonenumbers.national_significant_number(number)),
        ("spaced", " ".join(groups)),
        ("dashed", "-".join(groups)),
        ("dotted", ".".join(groups)),
        ("national", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)),
        ("as a link", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.RFC3966)),
    ]


def _spell_number(value: str) -> list[tuple[str, str]]:
    compact = _SEPARATORS.sub("", value)
    groups = [compact[start : start + 4] for start in range(0, len(compact), 4)]
    return [("compact", compact), ("spaced", " ".join(groups)), ("dashed", "-".join(groups))]


def _spell_name(value: str) -> list[tuple[str, str]]:
    words = value.split()
    parts = [("a part", word) for word in words if len(word) >= SHORTEST_PART]
    return [("last name first", f"{words[-1]}, {' '.join(words[:-1])}"), *parts] if len(words) > 1 else parts


_SPELLED_BY_KIND = {
    "email": _spell_email,
    "phone": _spell_phone,
    "card": _spell_number,
    "bank": _spell_number,
    "national_id": _spell_number,
    "name": _spell_name,
}


# Encodings ---------------------------------------------------------------------------------------------------------
def encode(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the text in every encoding, by name; what equals UTF-8 comes after it and is dropped by the caller."""
    plain = text.encode()
    yield "UTF-8", plain
    yield "UTF-16LE", text.encode("utf-16-le")
    yield "UTF-16BE", text.encode("utf-16-be")
    if not text.isascii():
        with suppress(UnicodeEncodeError):
            yield "Latin-1", text.encode("latin-1")
        yield "escaped bytes", plain.decode("latin-1").encode("unicode_escape")
    yield "URL", quote(text, safe="").encode()
    yield "URL (form)", quote_plus(text).encode()
    yield "HTML", html.escape(text).encode()
    yield "HTML (references)", html.escape(text).encode("ascii", "xmlcharrefreplace")
    escaped = json.dumps(text)[1:-1]
    yield "JSON", escaped.encode()
    yield "JSON in JSON", json.dumps(escaped)[1:-1].encode()
    yield "JSON (slashes)", escaped.replace("/", "\\/").encode()
    yield "quoted-printable", quopri.encodestring(plain).replace(b"=\n", b"")
    yield "quoted-printable (header)", quopri.encodestring(plain, header=True).replace(b"=\n", b"")
    if len(plain) >= SHORTEST_ENCODED:
        yield "hex", plain.hex().encode()
        yield from _encode_base64(plain)


def _encode_base64(plain: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what stays of the value in base64, wherever in a group of three bytes it begins."""
    for offset in range(3):
        # Characters that also depend on what stands before or after are cut off.
        start = (offset * 8 + 5) // 6
        end = (offset + len(plain)) * 8 // 6
        padded = bytes(offset) + plain
        yield f"base64+{offset}", base64.b64encode(padded)[start:end]
        yield f"base64+{offset} (URL)", base64.urlsafe_b64encode(padded)[start:end]


def hash_forms(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield unkeyed hashes of the text: whoever can guess the value can look it up by them."""
    for name in _HASHES:
        digest = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
        yield f"{name} (bytes)", digest
        yield f"{name} (hex)", digest.hex().encode()
        yield f"{name} (base64)", base64.b64encode(digest).rstrip(b"=")


def _list_canonical(canary: Canary) -> set[str]:
    """Return the forms a program would bring the value into before hashing it."""
    folded = unicodedata.normalize("NFKC", " ".join(canary.value.split())).casefold()
    digits = re.sub(r"\D", "", canary.value)
    return {folded, _SEPARATORS.sub("", canary.value)} | ({digits} if len(digits) >= SHORTEST else set())
