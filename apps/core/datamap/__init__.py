"""What is stored, about whom, and what becomes of it? The words in which every app declares its columns and stores.

An app says it in its ``datamap.py`` and names the result in its ``apps.py``: ``data_map = datamap.MAP``. Declarations
name models and fields as text, because they are read before models are loaded; `manage.py check` compares every name
with the models, so that none can be wrong for long.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from django.apps import AppConfig
from django.apps.registry import Apps


class Category(enum.StrEnum):
    """What a value tells, and about whom. What each means is written in ``apps/privacy/selectors/rules.py``."""

    IDENTITY = "identity"
    CONTACT = "contact"
    CONTENT = "content"
    DERIVED = "derived"
    REFERENCE = "reference"
    ACTIVITY = "activity"
    STAFF = "staff"
    SECRET = "secret"  # noqa: S105 - a word for what proves or opens something
    TECHNICAL = "technical"
    NONE = "none"


# About customers. A row with one of these must say how it reaches its customer.
PERSONAL: Final = frozenset(
    {
        Category.IDENTITY,
        Category.CONTACT,
        Category.CONTENT,
        Category.DERIVED,
        Category.REFERENCE,
        Category.ACTIVITY,
    }
)


class Purpose(enum.StrEnum):
    """Why it is stored. What each means is written in ``apps/privacy/selectors/rules.py``."""

    SERVICE = "service"
    RECOGNITION = "recognition"
    KNOWLEDGE = "knowledge"
    STAFF = "staff"
    PROTECTION = "protection"
    OPERATION = "operation"


class Retention(enum.StrEnum):
    """Until when it is stored: the key of a rule. The rules are in ``apps/privacy/selectors/rules.py``."""

    SUBJECT = "subject"
    CONVERSATION = "conversation"
    KEY = "key"
    KNOWLEDGE = "knowledge"
    ORGANISATION = "organisation"
    MEMBER = "member"
    STAFF_SESSION = "staff-session"
    ADMIN_LOG = "admin-log"
    JOB = "job"
    MINUTES = "minutes"
    BROWSER = "browser"
    LOGS = "logs"
    BACKUPS = "backups"
    KEY_BACKUPS = "key-backups"
    INSTALLATION = "installation"


# In what form ------------------------------------------------------------------------------------------------------


class Protection(enum.StrEnum):
    """In what form a value is stored."""

    ENCRYPTED = "encrypted"  # under a key of the vault
    BLIND_INDEX = "blind index"  # a keyed hash: equality can be asked, nothing can be read
    HASHED = "hashed"  # a one-way hash of something that cannot be guessed, or a slow one of a password
    REDACTED = "redacted"  # typed tokens stand for what identifies
    WRAPPED = "wrapped"  # a key, encrypted under the root key


@dataclass(frozen=True, slots=True)
class Plain:
    """Stored as it is, and why that is right."""

    reason: str


Encryption = Protection | Plain


# What becomes of it ------------------------------------------------------------------------------------------------


class Erase(enum.StrEnum):
    """What erasing a customer does."""

    DELETE_ROW = "delete row"
    NULL = "null"  # NULL, or the empty text where there is no NULL
    TOKENISE = "tokenise"  # typed tokens take the place of what identifies
    SHRED = "shred key"  # what is encrypted becomes unreadable, wherever copies of it lie


@dataclass(frozen=True, slots=True)
class Keep:
    """Erasing a customer leaves this, why, and until when."""

    reason: str
    until: Retention


Erasure = Erase | Keep


@dataclass(frozen=True, slots=True)
class Withheld:
    """Not in the copy that a customer gets of their data, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Anywhere:
    """May leave the customer's region, and why."""

    reason: str


# Whom it is about --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IsSubject:
    """This table *is* the customer. There is exactly one such table."""


@dataclass(frozen=True, slots=True)
class Via:
    """The look-up path from the row to its customer, as in ``conversation__customer``; several for a row about two."""

    first: str
    second: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return one path, or two."""
        return (self.first, self.second) if self.second else (self.first,)


@dataclass(frozen=True, slots=True)
class LooseId:
    """The column holds the customer's id without a relation, and why there is none."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Located:
    """How a customer's share of a store is found. For stores, which have no look-up paths."""

    how: str


@dataclass(frozen=True, slots=True)
class AboutStaff:
    """The row is about somebody who works for an organisation, and what it says of them."""

    reason: str


@dataclass(frozen=True, slots=True)
class AboutNobody:
    """The row is about no person at all, and why that is certain."""

    reason: str


Subject = IsSubject | Via | LooseId | AboutStaff | AboutNobody
StoreSubject = Located | AboutStaff | AboutNobody


# Declarations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One column that tells something: what it holds and in what form. The rest is its table's, unless said here."""

    category: Category
    holds: str
    encryption: Encryption
    erase: Erasure | None = None
    export: Withheld | None = None
    retention: Retention | None = None


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Table:
    """One model. Every column of it appears once, in one of the last six.

    The bare names of ``technical``, ``activity`` and ``staff`` are for columns that cannot hold words: numbers, times,
    ids, relations, fixed choices. A column that can hold words says which: the machine's own (``machine_words``), the
    organisation's own (``own_texts``), or, in ``fields``, those that tell something of a person or open something.
    """

    model: str
    holds: str
    purpose: Purpose
    subject: Subject
    retention: Retention
    # Not asked of rows about nobody.
    erase: Erasure | None = None
    # Models from whose rows these were computed; they are erased after these.
    derived_from: tuple[str, ...] = ()
    # Rows about a customer stay in the customer's region, unless said here.
    region: Anywhere | None = None
    technical: tuple[str, ...] = ()
    activity: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    machine_words: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    own_texts: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    fields: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))

    def names(self) -> Iterator[str]:
        """Yield every column that is declared, as often as it is."""
        for names in (self.technical, self.activity, self.staff, self.machine_words, self.own_texts, self.fields):
            yield from names


@dataclass(frozen=True, slots=True)
class Store:
    """A place outside the database, with the same columns as a table."""

    name: str
    holds: str
    purpose: Purpose
    categories: tuple[Category, ...]
    subject: StoreSubject
    encryption: Encryption
    retention: Retention
    erase: Erasure | None = None
    derived_from: tuple[str, ...] = ()
    export: Withheld | None = None
    region: Anywhere | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside to whom data goes."""

    name: str
    receives: str
    when: str
    safeguards: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class DataMap:
    """What one app stores and hands on. It may answer for models of libraries, never for those of another app."""

    tables: tuple[Table, ...] = ()
    stores: tuple[Store, ...] = ()
    recipients: tuple[Recipient, ...] = ()


def find_map(config: AppConfig) -> DataMap | None:
    """Return what an app declares; None for libraries, which declare nothing."""
    declared = getattr(config, "data_map", None)
    return declared if isinstance(declared, DataMap) else None


def list_maps(registry: Apps) -> list[tuple[str, DataMap]]:
    """Return every app's label with what it declares, in the order of labels."""
    found = ((config.label, find_map(config)) for config in registry.get_app_configs())
    return sorted(((label, declared) for label, declared in found if declared is not None), key=lambda one: one[0])
