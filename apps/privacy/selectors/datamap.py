"""What does the data map say, column by column? Declarations with their defaults filled in, as plain rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.apps.registry import Apps
from django.db import models

from apps.core.datamap import (
    PERSONAL,
    AboutNobody,
    Category,
    Encryption,
    Erase,
    Erasure,
    Field,
    IsSubject,
    Located,
    LooseId,
    Plain,
    Protection,
    Purpose,
    Recipient,
    Retention,
    Store,
    Subject,
    Table,
    Via,
    list_maps,
)

# Why a column of this sort is stored as it is; whoever declares one need not repeat it.
PLAIN_BY_CATEGORY: Final[Mapping[Category, str]] = {
    Category.TECHNICAL: "The database joins, counts or sorts by it.",
    Category.ACTIVITY: "The database sorts by it and rules compare it; it says when, not what.",
    Category.STAFF: "A reference to a member, by which rows are joined.",
    Category.NONE: "The organisation's own words, meant to be read.",
}
WITHHELD_BY_CATEGORY: Final[Mapping[Category, str]] = {
    Category.TECHNICAL: "Says nothing of a person by itself.",
    Category.NONE: "The organisation's own, not the customer's.",
    Category.STAFF: "Concerns somebody else: a member of the organisation.",
    Category.SECRET: "Would let whoever holds the copy act in the customer's name.",
}
NOT_A_CUSTOMERS: Final = "No customer's data."


@dataclass(frozen=True, slots=True)
class Entry:
    """One column with everything that is declared of it. ``erase`` is None in rows about nobody."""

    app: str
    model: str
    field: str
    type: str
    category: Category
    holds: str
    purpose: Purpose
    subject: Subject
    encryption: Encryption
    erase: Erasure | None
    retention: Retention
    region_bound: bool
    withheld: str

    @property
    def is_personal(self) -> bool:
        """Tell whether it tells something of a customer."""
        return self.category in PERSONAL

    @property
    def is_exported(self) -> bool:
        """Tell whether a customer's copy of their data has it."""
        return not self.withheld

    @property
    def label(self) -> str:
        """Return model and column, as in ``customers.Customer.name``."""
        return f"{self.model}.{self.field}"


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One place outside the database."""

    app: str
    store: Store

    @property
    def is_personal(self) -> bool:
        """Tell whether something of a customer lies there."""
        return isinstance(self.store.subject, Located)


# Models and declarations -------------------------------------------------------------------------------------------


def list_models(registry: Apps = apps) -> dict[str, type[models.Model]]:
    """Return every model that has a table of its own, by label: ours, libraries', and those between two others."""
    found = {
        model._meta.label: model
        for config in registry.get_app_configs()
        for model in config.models.values()
        if not model._meta.proxy and not model._meta.swapped
    }
    return dict(sorted(found.items()))


def list_columns(model: type[models.Model]) -> "dict[str, models.Field[Any, Any]]":
    """Return what a model stores in its table, by name."""
    return {field.name: field for field in model._meta.local_concrete_fields}


def label_of(model: type[models.Model] | str | None) -> str:
    """Return a model's label; a relation to a model that is not loaded names it as text."""
    return model._meta.label if isinstance(model, type) else model or ""


def list_tables(registry: Apps = apps) -> list[tuple[str, Table]]:
    """Return every declared table with the app that declares it, in the order of models."""
    found = [(app, table) for app, declared in list_maps(registry) for table in declared.tables]
    return sorted(found, key=lambda one: one[1].model)


def list_stores(registry: Apps = apps) -> list[StoreEntry]:
    """Return every declared store, in the order of names."""
    found = [StoreEntry(app, store) for app, declared in list_maps(registry) for store in declared.stores]
    return sorted(found, key=lambda one: one.store.name)


def list_recipients(registry: Apps = apps) -> list[Recipient]:
    """Return everybody outside to whom data goes, in the order of names."""
    found = [recipient for _, declared in list_maps(registry) for recipient in declared.recipients]
    return sorted(found, key=lambda one: one.name)


# Columns -----------------------------------------------------------------------------------------------------------


def list_entries(registry: Apps = apps) -> list[Entry]:
    """Return every declared column of every model, in the order of the model's columns."""
    known = list_models(registry)
    return [
        entry
        for app, table in list_tables(registry)
        if table.model in known
        for entry in _entries(app, table, list_columns(known[table.model]))
    ]


def list_entries_of(model: str, registry: Apps = apps) -> list[Entry]:
    """Return the declared columns of one model."""
    return [entry for entry in list_entries(registry) if entry.model == model]


def list_personal_fields(registry: Apps = apps) -> list[Entry]:
    """Return the columns that tell something of a customer."""
    return [entry for entry in list_entries(registry) if entry.is_personal]


def list_paths_to_subject(registry: Apps = apps) -> dict[str, tuple[str, ...]]:
    """Return for each model about customers the look-up paths to them; the customer's own model has the empty one.

    A model that holds the customer's id without a relation has the column's name.
    """
    return {table.model: paths for _, table in list_tables(registry) if (paths := paths_of(table.subject))}


def find_subject_model(registry: Apps = apps) -> str:
    """Return the label of the model that is the customer, or an empty text."""
    return next((table.model for _, table in list_tables(registry) if isinstance(table.subject, IsSubject)), "")


def paths_of(subject: Subject) -> tuple[str, ...]:
    """Return how rows reach their customer; nothing where they are about nobody or about staff."""
    match subject:
        case IsSubject():
            return ("",)
        case Via():
            return subject.paths
        case LooseId():
            return (subject.column,)
        case _:
            return ()


def category_of(table: Table, name: str) -> Category | None:
    """Return the category under which a column is declared."""
    if name in table.fields:
        return table.fields[name].category
    for names, category in (
        (table.technical, Category.TECHNICAL),
        (table.activity, Category.ACTIVITY),
        (table.staff, Category.STAFF),
        (table.machine_words, Category.TECHNICAL),
        (table.own_texts, Category.NONE),
    ):
        if name in names:
            return category
    return None


def field_of(table: Table, name: str) -> Field | None:
    """Return a column's declaration in full; None if it is declared nowhere."""
    if name in table.fields:
        return table.fields[name]
    category = category_of(table, name)
    if category is None:
        return None
    words = table.machine_words.get(name) or table.own_texts.get(name) or ""
    return Field(category, words, Plain(PLAIN_BY_CATEGORY.get(category, "")))


def _entries(app: str, table: Table, columns: "Mapping[str, models.Field[Any, Any]]") -> Iterator[Entry]:
    is_customers = bool(paths_of(table.subject))
    for name, column in columns.items():
        declared = field_of(table, name)
        if declared is None:
            continue
        yield Entry(
            app=app,
            model=table.model,
            field=name,
            type=type(column).__name__,
            category=declared.category,
            holds=declared.holds,
            purpose=table.purpose,
            subject=table.subject,
            encryption=declared.encryption,
            erase=_erasure(table, declared),
            retention=declared.retention or table.retention,
            region_bound=is_customers and table.region is None,
            withheld=_withheld(declared, is_customers=is_customers),
        )


def _erasure(table: Table, declared: Field) -> Erasure | None:
    if isinstance(table.subject, AboutNobody):
        return None
    if declared.erase is not None:
        return declared.erase
    return Erase.SHRED if declared.encryption is Protection.ENCRYPTED else table.erase


def _withheld(declared: Field, *, is_customers: bool) -> str:
    if not is_customers:
        return NOT_A_CUSTOMERS
    return declared.export.reason if declared.export else WITHHELD_BY_CATEGORY.get(declared.category, "")
