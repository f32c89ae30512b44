"""Where are e-mail addresses, handles, links and machine addresses? In plain and in disguised writing.

Every search starts at a rare sign (``@``, ``::``, a spelled "at") and looks at a bounded stretch around it.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import lexicon
from apps.privacy.pipeline.reading import Reading
from apps.privacy.types import Kind, Span

# Endings accepted where the writing alone does not prove a domain; any ending is accepted after an "@".
_ENDINGS: Final = lexicon.alternatives("domain_endings")
_LOCAL_TAIL: Final = re.compile(r"[\w.+%'~&=-]*\Z")
_DOMAIN: Final = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})", re.IGNORECASE
)
_LITERAL: Final = re.compile(r"\[[0-9A-Fa-f:.]{3,45}\]")
_KNOWN_ENDING: Final = re.compile(rf"\.\s?(?:{_ENDINGS}|xn--[a-z0-9-]+)\Z", re.IGNORECASE)
_HANDLE: Final = re.compile(r"[^\W\d]\w{1,38}|\d+[^\W\d]\w{0,38}")
_SPREAD: Final = re.compile(r"(?: ?[\w.-] ){3,64}[\w](?!\w)")
# "at" and "dot" as they are spelled out, bracketed or not, in the languages of the house.
_AT: Final = r"at|ät|aet|arobase|arroba|chiocciola|klammeraffe|apenstaartje|snabel-?a|malpa|kukac|zavinac"
_AT_WORDS: Final = frozenset(_AT.replace("-?", "-").split("|")) | {"snabela"}
_DOT: Final = r"dot|period|punkt|punto|ponto|point|punt|piste|prikk|kropka|tecka"
_DOT_SIGN: Final = rf"(?:\s?[\[({{<*_]\s?(?:{_DOT}|\.)\s?[\])}}>*_]\s?|\s(?:{_DOT})\s|\s?\.\s?)"
_SPELLED_AT: Final = re.compile(
    rf"(?<=\s)(?:{_AT})(?=\s)|[\[({{<]\s?(?:{_AT}|a|@)\s?[\])}}>]|\*\s?at\s?\*|(?<=[a-z0-9])_at_(?=[a-z])",
    re.IGNORECASE,
)
# Where people have their mail: before these "at" is no preposition.
_PROVIDER: Final = re.compile(
    r"\b(?:gmail|googlemail|gmx|web|yahoo|hotmail|outlook|live|icloud|me|proton|protonmail|aol|mail|posteo|orange|free|wp|"
    r"onet|libero|t-online)\s?\.",
    re.IGNORECASE,
)
_SPELLED_LOCAL: Final = re.compile(
    rf"(?:[\w+%-]{{1,64}}(?:\s?(?:(?<=\s)(?:{_DOT}|underscore|dash|hyphen|minus|unterstrich)(?=\s)|"
    rf"\.)\s?[\w+%-]{{1,64}}){{0,4}})\s?\Z",
    re.IGNORECASE,
)
_SPELLED_DOMAIN: Final = re.compile(
    rf"\s?[^\W_][\w-]{{0,62}}(?:{_DOT_SIGN}[^\W_][\w-]{{0,62}}){{1,4}}(?!\w)", re.IGNORECASE
)
_SPELLED_DOT: Final = re.compile(rf"[\[({{<*_\s](?:{_DOT}|\.)[\])}}>*_\s]", re.IGNORECASE)
_DOMAIN_PART: Final = re.compile(rf"({_DOT_SIGN})([^\W_][\w-]{{0,62}})", re.IGNORECASE)
_ENDING: Final = re.compile(rf"(?:{_ENDINGS}|xn--[a-z0-9-]+)\Z", re.IGNORECASE)
# Words before a spelled "at" that belong to the sentence, not to an address.
_NO_LOCAL: Final = lexicon.words("no_local")
_MAIL_WORDS: Final = re.compile(r"mail|correo|e-?post|posta\b|courriel|adresse|address|reach|contact|kontakt|write")

_LINK: Final = re.compile(
    r"(?:https?|ftps?)://[^\s<>\"'`|{}]{2,2000}|www\.[\w-]{1,63}\.[^\s<>\"'`|{}]{2,2000}", re.IGNORECASE
)
_DOTTED: Final = re.compile(
    rf"(?<![\w@./-])(?:[a-z0-9][a-z0-9-]{{0,61}}\.){{1,5}}(?:{_ENDINGS})(?![\w@-])(?:/[^\s<>\"'`|]{{0,500}})?",
    re.IGNORECASE,
)
_IPV4: Final = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?!\w|\.\d)"
    r"(?:/(?:3[0-2]|[12]?\d)(?!\d))?"
)
_VERSION: Final = re.compile(r"(?:versions?|firmware|driver|build|release|bluetooth|update|app|\bv)[ :.]{0,2}\Z")
_IPV6: Final = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:.]{3,45}(?![\w:])(?:%\w{1,15})?(?:/\d{1,3}(?!\d))?"
)
# Cheap signs without which the searches above and below need not begin.
_TWO_COLONS: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
_PAIRS: Final = re.compile(r"[:-][0-9A-Fa-f]{2}[:-]|\.[0-9A-Fa-f]{4}\.")
_INNER_DOT: Final = re.compile(r"\.[A-Za-z]|://")
_BRACKET: Final = re.compile(r"[\[({<]\s?(?:@|[aA])|[*_]\s?[aA][tT]\s?[*_]")
_MAC: Final = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])"
    r"|(?<![\w.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\w.]\w)"
)


def find(reading: Reading) -> Iterator[Span]:
    """Yield everything that addresses somebody or some machine online."""
    text = reading.text
    if "@" in text:
        yield from _find_at_signs(text)
    if _BRACKET.search(text) or any(word.lower in _AT_WORDS for word in reading.words):
        for found in _SPELLED_AT.finditer(text):
            yield from _find_spelled(reading, found)
    if _INNER_DOT.search(text):
        yield from _find_links(text)
    yield from _find_machines(reading)


def _find_at_signs(text: str) -> Iterator[Span]:
    position = text.find("@")
    while position >= 0:
        span = _read_address(text, position) or _read_spread(text, position) or _read_handle(text, position)
        if span is not None:
            yield span
        position = text.find("@", position + 1)


def _read_address(text: str, at: int) -> Span | None:
    domain = _DOMAIN.match(text, at + 1) or _LITERAL.match(text, at + 1)
    head = text[max(0, at - 66) : at]
    spaced = False
    if domain is None and text[at + 1 : at + 2] == " ":
        domain, spaced = _DOMAIN.match(text, at + 2), True
    if head.endswith(" "):
        head, spaced = head.rstrip(" "), True
    if domain is None or (spaced and not _KNOWN_ENDING.search(domain[0])):
        return None
    tail = _LOCAL_TAIL.search(head)
    local = tail[0].lstrip(".'=&~-").rpartition("=")[2] if tail else ""
    if not local:
        return None
    end = max(0, at - 66) + len(head)
    return Span(end - len(local), domain.end(), Kind.EMAIL, 0.98, "email")


def _read_spread(text: str, at: int) -> Span | None:
    """Read "j o h n @ e x a m p l e . c o m": single characters with a space after each."""
    start = at
    while (
        start >= 2
        and at - start < 128
        and text[start - 1] == " "
        and (text[start - 2].isalnum() or text[start - 2] in "._-")
    ):
        if start >= 3 and text[start - 3] != " ":
            break
        start -= 2
    right = _SPREAD.match(text, at + 1)
    if right is None or at - start < 4:
        return None
    packed = right[0].replace(" ", "")
    if not (domain := _DOMAIN.match(packed)) or not _KNOWN_ENDING.search(domain[0]):
        return None
    return Span(start, right.end(), Kind.EMAIL, 0.98, "email_spread")


def _read_handle(text: str, at: int) -> Span | None:
    if at and (text[at - 1].isalnum() or text[at - 1] in "_.@/"):
        return None
    skip = 2 if text[at + 1 : at + 2] == " " else 1
    handle = _HANDLE.match(text, at + skip)
    if handle is None or len(handle[0]) < 3:
        return None
    return Span(at, handle.end(), Kind.USER_NAME, 0.8, "handle")


def _find_spelled(reading: Reading, sign: re.Match[str]) -> Iterator[Span]:
    text = reading.text
    left = _SPELLED_LOCAL.search(text, max(0, sign.start() - 130), sign.start())
    right = _SPELLED_DOMAIN.match(text, sign.end())
    if left is None or right is None:
        return
    start, end = left.start(), _measure_spelled_domain(text, right)
    if not end:
        return
    bracketed = sign[0][0] in "[({<*_"
    spelled = _SPELLED_DOT.search(text, right.start(), end) is not None
    last_word = left[0].split()[-1].lower() if left[0].split() else ""
    telling = (
        spelled
        or sign[0] != "at"
        or not left[0].strip().isalpha()
        or _PROVIDER.search(right[0]) is not None
        or _MAIL_WORDS.search(reading.before(start)) is not None
    )
    if not bracketed and (last_word in _NO_LOCAL or not telling):
        return
    yield Span(start, end, Kind.EMAIL, 0.95, "email_spelled")


def _measure_spelled_domain(text: str, written: re.Match[str]) -> int:
    """Return where a spelled domain ends, 0 if it is none: "a dot example. Call me" ends before the full stop."""
    end = 0
    for part in _DOMAIN_PART.finditer(text, written.start(), written.end()):
        if end and part[1].strip() == "." and part[1] != ".":
            break
        if _ENDING.match(part[2]):
            end = part.end()
    return end


def _find_links(text: str) -> Iterator[Span]:
    for found in _LINK.finditer(text):
        if "." not in found[0]:
            continue
        yield Span(found.start(), found.start() + len(found[0].rstrip(".,;:!?)]*")), Kind.URL, 0.85, "link")
    for found in _DOTTED.finditer(text):
        yield Span(found.start(), found.end(), Kind.URL, 0.6, "domain")


def _find_machines(reading: Reading) -> Iterator[Span]:
    text = reading.text
    for run in reading.runs:
        if text.count(".", run.start, run.end) >= 3:
            # Beyond the run, so that its right border and a prefix length are seen.
            found_here = _IPV4.finditer(text, max(0, run.start - 1), run.end + 4)
            yield from (
                Span(found.start(), found.end(), Kind.IP, 0.9, "ip")
                for found in found_here
                if not _VERSION.search(reading.before(found.start(), 24))
            )
    if _TWO_COLONS.search(text):
        for found in _IPV6.finditer(text):
            if (end := _measure_ipv6(found[0])) is not None:
                yield Span(found.start(), found.start() + end, Kind.IP, 0.95, "ip")
    if _PAIRS.search(text):
        for found in _MAC.finditer(text):
            if found[0].strip("0:-."):
                yield Span(found.start(), found.end(), Kind.DEVICE, 0.9, "mac")


def _measure_ipv6(written: str) -> int | None:
    """Return how much of the writing is an IPv6 address with its zone or prefix, or None."""
    address, slash, prefix = written.partition("/")
    length = len(written) if slash and int(prefix) <= 128 else len(address)
    plain = address.partition("%")[0]
    if plain.endswith(".") and "%" not in address:
        plain, length = plain.rstrip("."), len(address.rstrip("."))
    if plain.count(":") < 2 or not any(char.isalnum() for char in plain):
        return None
    try:
        ipaddress.IPv6Address(plain)
    except ValueError:
        return None
    return length
