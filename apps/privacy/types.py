"""What does redaction speak of? Kinds of personal data, where they stand, and the tokens that stand for them."""

import enum
import re
from dataclasses import dataclass, field
from typing import Any, Final

from apps.privacy.errors import TokenTableMalformed


class Kind(enum.StrEnum):
    """A kind of data about a person; its value is the word inside the token, as in ``[EMAIL_1]``."""

    NAME = "NAME"
    USER_NAME = "USER_NAME"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    POSTCODE = "POSTCODE"
    BIRTH_DATE = "BIRTH_DATE"
    CARD = "CARD"
    BANK = "BANK"
    WALLET = "WALLET"
    NATIONAL_ID = "NATIONAL_ID"
    DOCUMENT = "DOCUMENT"
    HEALTH_ID = "HEALTH_ID"
    COMPANY_ID = "COMPANY_ID"
    VEHICLE = "VEHICLE"
    ACCOUNT = "ACCOUNT"
    SECRET = "SECRET"  # noqa: S105 - the kind of a password, not one
    IP = "IP"
    DEVICE = "DEVICE"
    # A text of the customer's own that looks like one of our tokens.
    TEXT = "TEXT"
    # Recognised, so that they are not taken for names or numbers, but not replaced: an answer needs them.
    PLACE = "PLACE"
    ORGANISATION = "ORGANISATION"
    DATE = "DATE"
    AGE = "AGE"
    TITLE = "TITLE"
    GROUP = "GROUP"
    URL = "URL"


KEPT: Final = frozenset({Kind.PLACE, Kind.ORGANISATION, Kind.DATE, Kind.AGE, Kind.TITLE, Kind.GROUP, Kind.URL})
REPLACED: Final = frozenset(Kind) - KEPT

# The one writing of a token. What a customer writes in this form is replaced itself (Kind.TEXT), so that a token in
# a redacted text is always ours.
TOKEN_PATTERN: Final = re.compile(rf"\[(?:{'|'.join(sorted(REPLACED, key=len, reverse=True))})_[1-9][0-9]{{0,5}}\]")
LONGEST_TOKEN: Final = len("[_]") + max(len(kind) for kind in REPLACED) + 6

# Raise it when redaction finds more than before: texts that an older generation made are then made anew.
GENERATION: Final = 2

MOST_VALUES: Final = 1000
LONGEST_VALUE: Final = 400


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the original text; ``scheme`` says by which rule, as in ``fr_nir`` or ``called``."""

    start: int
    end: int
    kind: Kind
    score: float = 1.0
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class KnownIdentities:
    """What is already known of the customer; found in every writing, however sloppy."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def __or__(self, more: "KnownIdentities") -> "KnownIdentities":
        """Return both, each value once."""
        return KnownIdentities(
            names=tuple(dict.fromkeys(self.names + more.names)),
            emails=tuple(dict.fromkeys(self.emails + more.emails)),
            phones=tuple(dict.fromkeys(self.phones + more.phones)),
            others=tuple(dict.fromkeys(self.others + more.others)),
        )


@dataclass(slots=True)
class TokenTable:
    """The stable tokens of one conversation: the same value has the same token, in however many writings.

    It holds at most ``MOST_VALUES`` values; after that a value is replaced by its bare kind (``[EMAIL]``), which
    nothing restores. It contains personal data: store it encrypted only.
    """

    _values: dict[str, str] = field(default_factory=dict, repr=False)
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _counts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._values)

    def find_token(self, kind: Kind, canonical: str) -> str | None:
        """Return the token that stands for a value, or None."""
        return self._tokens.get((kind.value, canonical))

    def add_value(self, kind: Kind, canonical: str, value: str) -> str:
        """Return the value's token, new if need be; the bare kind when the table is full or the value too long."""
        key = (kind.value, canonical)
        if (token := self._tokens.get(key)) is not None:
            return token
        if len(self._values) >= MOST_VALUES or max(len(value), len(canonical)) > LONGEST_VALUE:
            return f"[{kind.value}]"
        self._counts[kind.value] = number = self._counts.get(kind.value, 0) + 1
        token = f"[{kind.value}_{number}]"
        self._tokens[key] = token
        self._values[token] = value
        return token

    def get_value(self, token: str) -> str | None:
        """Return what a token stands for, in its first writing, or None."""
        return self._values.get(token)

    def as_known(self) -> KnownIdentities:
        """Return what the table holds as identities to look for: personal data, as they were written."""
        by_kind: dict[str, list[str]] = {}
        for (kind, _), token in self._tokens.items():
            by_kind.setdefault(kind, []).append(self._values[token])
        return KnownIdentities(
            names=tuple(by_kind.get(Kind.NAME, ())),
            emails=tuple(by_kind.get(Kind.EMAIL, ())),
            phones=tuple(by_kind.get(Kind.PHONE, ())),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values: personal data, to be encrypted by whoever stores it."""
        return {
            "version": 1,
            "values": [
                [kind, canonical, token, self._values[token]] for (kind, canonical), token in self._tokens.items()
            ],
        }

    @classmethod
    def from_json(cls, stored: object) -> "TokenTable":
        """Return the table that ``to_json`` wrote; None is an empty one. Raises ``TokenTableMalformed``."""
        table = cls()
        if stored is None:
            return table
        if not isinstance(stored, dict) or stored.get("version") != 1:
            raise TokenTableMalformed
        rows = stored.get("values")
        if not isinstance(rows, list) or len(rows) > MOST_VALUES:
            raise TokenTableMalformed
        for row in rows:
            table._take_row(row)
        return table

    def _take_row(self, row: object) -> None:
        if not isinstance(row, list | tuple) or len(row) != 4 or not all(isinstance(part, str) for part in row):
            raise TokenTableMalformed
        kind, canonical, token, value = row
        if not TOKEN_PATTERN.fullmatch(token) or not token.startswith(f"[{kind}_") or token in self._values:
            raise TokenTableMalformed
        self._tokens[kind, canonical] = token
        self._values[token] = value
        self._counts[kind] = max(self._counts.get(kind, 0), int(token[len(kind) + 2 : -1]))


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with tokens in place of personal data; ``spans`` are the places in the original that were replaced."""

    text: str
    spans: tuple[Span, ...]
    tokens_added: tuple[str, ...]
