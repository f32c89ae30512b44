"""What would an officer show an authority? The records of processing (GDPR Art. 30), drawn from the data map."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.apps.registry import Apps

from apps.core.datamap import Category, Encryption, Erasure, Keep, Plain, Purpose, Recipient, Retention
from apps.privacy.selectors import datamap, exporting, rules


@dataclass(frozen=True, slots=True)
class Holding:
    """One table or store as an officer reads it."""

    name: str
    is_store: bool
    holds: str
    about: str
    categories: tuple[str, ...]
    protection: tuple[str, ...]
    until: str
    on_erasure: str
    region_bound: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity: why, whose data, which, where, and to whom it goes."""

    key: str
    rule: rules.PurposeRule
    categories: tuple[str, ...]
    holdings: tuple[Holding, ...]
    about_nobody: tuple[str, ...]
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that outlives the erasure of its person, and why."""

    what: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Records:
    """The records of processing as the suite knows them. ``version`` changes with whatever the data map says."""

    version: str
    activities: tuple[Activity, ...]
    retention: tuple[tuple[str, rules.RetentionRule], ...]
    measures: tuple[tuple[str, str], ...]
    kept: tuple[Kept, ...]


# General description of technical and organisational measures (Art. 30(1)(g), Art. 32). What the suite does itself.
MEASURES: Final[tuple[tuple[str, str], ...]] = (
    (
        "Encryption",
        "Names, addresses, original messages and traces are encrypted with AES-256-GCM under a random key for"
        " each customer, and each value is bound to its place. Keys are wrapped under a root key that is never in a"
        " database, and lie in a database of their own.",
    ),
    (
        "Pseudonymisation",
        "Search, language models, lists, logs and analytics see redacted text only, in which typed tokens stand for"
        " names, addresses and numbers. Equality of addresses is asked of keyed hashes.",
    ),
    (
        "Erasure",
        "Destroying a customer's keys makes what they encrypt unreadable wherever copies of it lie: in backups,"
        " write-ahead logs and on discs. Which rows go with them, and in what order, follows from the data map.",
    ),
    (
        "Separation",
        "Everything belongs to one organisation. Code without an organisation in scope gets no rows, and the database"
        " refuses rows of others by row-level security.",
    ),
    (
        "Access",
        "One sign-in with rate limits for everybody who works here; roles decide what a member may do; the web and"
        " worker processes may not alter tables; secrets of browsers and programs are kept as hashes.",
    ),
    (
        "Data minimisation",
        "The widget stores and sends nothing before the visitor's first click and sets no cookies. Queues carry ids."
        " Logs carry ids, durations and classes of errors.",
    ),
    (
        "Resilience",
        "Follow-up work is written in the transaction that makes it necessary and survives crashes; copies of keys are"
        " thrown away after 14 days.",
    ),
    (
        "Proof",
        "A check fails when a column of any table is not declared in the data map, so this page cannot fall behind"
        " the program.",
    ),
)


def compile_records(registry: Apps = apps) -> Records:
    """Return the records of processing, in a fixed order."""
    entries = datamap.list_entries(registry)
    used = {entry.retention for entry in entries} | {one.store.retention for one in datamap.list_stores(registry)}
    return Records(
        version=exporting.compute_version(registry),
        activities=tuple(_activity(purpose, registry) for purpose in Purpose),
        retention=tuple((key.value, rules.RETENTION[key]) for key in Retention if key in used),
        measures=MEASURES,
        kept=tuple(_list_kept(registry)),
    )


def _activity(purpose: Purpose, registry: Apps) -> Activity:
    everything = (*_tables(purpose, registry), *_stores(purpose, registry))
    holdings = tuple(holding for holding in everything if holding.about != exporting.NOBODY)
    return Activity(
        key=purpose.value,
        rule=rules.PURPOSES[purpose],
        categories=_in_order(category for holding in holdings for category in holding.categories),
        holdings=holdings,
        about_nobody=tuple(holding.name for holding in everything if holding.about == exporting.NOBODY),
        recipients=tuple(one for one in datamap.list_recipients(registry) if one.purpose is purpose),
    )


def _tables(purpose: Purpose, registry: Apps) -> tuple[Holding, ...]:
    entries = datamap.list_entries(registry)
    return tuple(
        Holding(
            name=table.model,
            is_store=False,
            holds=table.holds,
            about=exporting.name_subject(table.subject),
            categories=_telling(entry.category for entry in entries if entry.model == table.model),
            protection=_in_order(name_encryption(entry.encryption) for entry in entries if entry.model == table.model),
            until=rules.RETENTION[table.retention].until,
            on_erasure=name_erasure(table.erase),
            region_bound=bool(datamap.paths_of(table.subject)) and table.region is None,
        )
        for _, table in datamap.list_tables(registry)
        if table.purpose is purpose
    )


def _stores(purpose: Purpose, registry: Apps) -> tuple[Holding, ...]:
    return tuple(
        Holding(
            name=one.store.name,
            is_store=True,
            holds=one.store.holds,
            about=exporting.name_subject(one.store.subject),
            categories=_telling(one.store.categories),
            protection=(name_encryption(one.store.encryption),),
            until=rules.RETENTION[one.store.retention].until,
            on_erasure=name_erasure(one.store.erase),
            region_bound=one.is_personal and one.store.region is None,
        )
        for one in datamap.list_stores(registry)
        if one.store.purpose is purpose
    )


def _list_kept(registry: Apps) -> Iterable[Kept]:
    declared: list[tuple[str, Erasure | None]] = [
        *((table.model, table.erase) for _, table in datamap.list_tables(registry)),
        *(
            (f"{table.model}.{name}", field.erase)
            for _, table in datamap.list_tables(registry)
            for name, field in table.fields.items()
        ),
        *((one.store.name, one.store.erase) for one in datamap.list_stores(registry)),
    ]
    for what, erasure in declared:
        if isinstance(erasure, Keep):
            yield Kept(what, erasure.reason, rules.RETENTION[erasure.until].until)


def name_encryption(encryption: Encryption) -> str:
    """Return in a word in what form something is stored."""
    return "plain" if isinstance(encryption, Plain) else encryption.value


def name_erasure(erasure: Erasure | None) -> str:
    """Return in a word what becomes of something when its person is erased."""
    if erasure is None:
        return "nothing: about nobody"
    return "kept" if isinstance(erasure, Keep) else erasure.value


def _telling(categories: Iterable[Category]) -> tuple[str, ...]:
    """Return the words of those that tell something of a person or open something."""
    return _in_order(category.value for category in categories if category not in {Category.TECHNICAL, Category.NONE})


def _in_order(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))
