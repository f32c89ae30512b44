"""When are two identities the same? When their canonical forms are equal, letter for letter.

E-mail: NFKC; the domain by IDNA 2008 in its ASCII form; the name before the @ in lower case, otherwise as written:
dots and +tags are kept, because only Google ignores them. Telephone: E.164. External id: NFC, otherwise exact.
What hides something (controls, directions, invisible letters) is refused: two that look alike would not be equal.
"""

import re
import unicodedata

import idna
import phonenumbers

from apps.customers.errors import EmailUnreadable, ExternalIdUnreadable, FactUnreadable, PhoneUnreadable
from apps.customers.types import CanonicalIdentity, IdentityKind, Level

EMAIL_LONGEST = 254
LOCAL_LONGEST = 64
EXTERNAL_ID_LONGEST = 255
FACT_LONGEST = 200
PHONE_LONGEST = 64
# NFKC may make a text up to 18 times as long, so the bounds are checked before anything is computed.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Scripts and emoji are joined by these two; in names they belong to the spelling.
_JOINERS = frozenset("\u200c\u200d")
# Visible to nobody, although Unicode calls them letters or marks.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_LOCAL = re.compile(r"[^\x00-\x20\"(),:;<>@\[\\\]\x7f]+", re.DOTALL)
_ASCII_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_PHONE = re.compile(r"\+?[0-9 .()/\-]+")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_REGION = re.compile(r"[A-Z]{2}")
_FACT_KEY = re.compile(r"[a-z][a-z0-9_.]{0,39}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def make_identity(kind: IdentityKind, value: str, level: Level, *, region: str = "") -> CanonicalIdentity:
    """Return an identity in canonical form; ``region`` (GB) reads national telephone numbers.

    Raises ``EmailUnreadable``, ``PhoneUnreadable`` or ``ExternalIdUnreadable``.
    """
    if kind is IdentityKind.EMAIL:
        return CanonicalIdentity(kind, canonical_email(value), level)
    if kind is IdentityKind.PHONE:
        return CanonicalIdentity(kind, canonical_phone(value, region=region), level)
    return CanonicalIdentity(kind, canonical_external_id(value), level)


def canonical_email(text: str) -> str:
    """Return an e-mail address in canonical form. Raises ``EmailUnreadable``."""
    if len(text) > 4 * EMAIL_LONGEST:
        raise EmailUnreadable
    # Full-width @ and dots become plain ones here, so this comes before anything is cut.
    plain = unicodedata.normalize("NFKC", text.strip())
    local, at, domain = plain.rpartition("@")
    if not at or _hides_something(plain):
        raise EmailUnreadable
    # Lower case may take letters apart (İ), so the form is made anew.
    local = unicodedata.normalize("NFKC", local.lower())
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise EmailUnreadable
    if any(unicodedata.category(letter) == "Zs" for letter in local) or len(local.encode()) > LOCAL_LONGEST:
        raise EmailUnreadable
    address = f"{local}@{_canonical_domain(domain)}"
    if len(address.encode()) > EMAIL_LONGEST:
        raise EmailUnreadable
    return address


def _canonical_domain(domain: str) -> str:
    try:
        ascii_form = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise EmailUnreadable from None
    labels = ascii_form.removesuffix(".").split(".")
    # One label is a machine of somebody's own network; a last label of digits is a number, not a name.
    if len(labels) < 2 or labels[-1].isdigit() or not all(_ASCII_LABEL.fullmatch(label) for label in labels):
        raise EmailUnreadable
    return ".".join(labels)


def canonical_phone(text: str, *, region: str = "") -> str:
    """Return a telephone number as E.164. Raises ``PhoneUnreadable``, also for an extension: it is somebody else."""
    if len(text) > PHONE_LONGEST:
        raise PhoneUnreadable
    plain = "".join(_as_dialled(letter) for letter in unicodedata.normalize("NFKC", text.strip()))
    if not _PHONE.fullmatch(plain):
        raise PhoneUnreadable
    try:
        number = phonenumbers.parse(plain, region if _REGION.fullmatch(region) else None)
    except phonenumbers.NumberParseException:
        raise PhoneUnreadable from None
    # Possible, not assigned: lists of assigned numbers are always older than the newest number.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise PhoneUnreadable
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _as_dialled(letter: str) -> str:
    # Digits of other scripts, and the dashes that word processors put between digits.
    if unicodedata.category(letter) == "Nd":
        return str(unicodedata.digit(letter))
    return "-" if letter in _DASHES else letter


def canonical_external_id(text: str) -> str:
    """Return an external id in canonical form: exact, apart from composed letters. Raises ``ExternalIdUnreadable``."""
    if not 0 < len(text) <= 4 * EXTERNAL_ID_LONGEST:
        raise ExternalIdUnreadable
    plain = unicodedata.normalize("NFC", text)
    if len(plain) > EXTERNAL_ID_LONGEST or plain != plain.strip() or _hides_something(plain):
        raise ExternalIdUnreadable
    return plain


def make_fact(key: str, value: str) -> tuple[str, str]:
    """Return a fact as it is kept: composed letters, single spaces, nothing hidden. Raises ``FactUnreadable``."""
    if not _FACT_KEY.fullmatch(key) or len(value) > 4 * FACT_LONGEST:
        raise FactUnreadable
    shown = "".join(one for one in value if one in _JOINERS or one.isspace() or not _is_hidden(one))
    plain = unicodedata.normalize("NFC", " ".join(shown.split()))
    if not plain.strip("".join(_JOINERS)) or len(plain) > FACT_LONGEST:
        raise FactUnreadable
    if key == "locale":
        return key, _canonical_locale(plain)
    return key, plain


def _canonical_locale(text: str) -> str:
    if not _LOCALE.fullmatch(text):
        raise FactUnreadable
    language, *rest = text.replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def _hides_something(text: str) -> bool:
    return any(_is_hidden(letter) for letter in text)


def _is_hidden(letter: str) -> bool:
    return letter in _BLANK or unicodedata.category(letter) in _HIDDEN or 0xFE00 <= ord(letter) <= 0xFE0F
