"""Is every column declared, once, as what it is?"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

from django.apps.registry import Apps
from django.contrib.postgres.fields import ArrayField
from django.core.checks import CheckMessage
from django.db import models

from apps.core.datamap import (
    PERSONAL,
    AboutNobody,
    AboutStaff,
    Category,
    Erase,
    Field,
    Keep,
    Protection,
    Table,
)
from apps.privacy.checks.faults import fault, file_of
from apps.privacy.selectors import datamap

# All that cannot hold words. Whatever is not among them must be declared with what it holds.
WORDLESS = (
    models.AutoField,
    models.BooleanField,
    models.DateField,
    models.DecimalField,
    models.DurationField,
    models.FloatField,
    models.IntegerField,
    models.TimeField,
    models.UUIDField,
)
# Whatever else they are called, these are about a person.
ALWAYS_PERSONAL = (models.EmailField, models.GenericIPAddressField)
_Column: TypeAlias = "models.Field[Any, Any]"


def find_faults(registry: Apps) -> Iterator[CheckMessage]:
    """Yield what is wrong with single columns."""
    known = datamap.list_models(registry)
    for app, table in datamap.list_tables(registry):
        if table.model not in known:
            continue
        columns = datamap.list_columns(known[table.model])
        place = f'Table("{table.model}") in {file_of(registry, app)}'
        yield from _declared_once(table, columns, place)
        for name, column in columns.items():
            field = datamap.field_of(table, name)
            if field is not None:
                yield from _bare(table, column, place)
                yield from _protection(table, column, field, place)
                yield from _about(table, column, field, place)
                yield from _erasure(table, column, field, place)


def _declared_once(table: Table, columns: dict[str, _Column], place: str) -> Iterator[CheckMessage]:
    times = Counter(table.names())
    for name, column in columns.items():
        if name not in times:
            yield fault(20, f"{table.model}.{name}", "is not in the data map.", _where_to(column, place))
    for name, count in times.items():
        if name not in columns:
            yield fault(
                21,
                f"{table.model}.{name}",
                "is declared, but there is no such column.",
                f"Remove it from {place}, or write the name that the model uses.",
            )
        if count > 1:
            yield fault(22, f"{table.model}.{name}", f"is declared {count} times.", f"Keep one of them in {place}.")


def _where_to(column: _Column, place: str) -> str:
    if is_encrypted(column):
        return (
            f'Add "{column.name}": Field(Category.…, "what it holds", Protection.ENCRYPTED) to `fields` of {place};'
            " docs/how-to/add-a-model-field.md shows the choices."
        )
    if holds_no_words(column):
        return (
            f'Add "{column.name}" to `technical` of {place}; to `activity` if it says when or how a customer was here,'
            " to `staff` if it refers to a member."
        )
    return (
        f'Add "{column.name}" to `fields` of {place} if it tells something of a person or opens something; else, with'
        " what it holds, to `machine_words` or `own_texts`. docs/how-to/add-a-model-field.md shows the choices."
    )


# What kind of column it is -----------------------------------------------------------------------------------------


def is_encrypted(column: _Column) -> bool:
    """Tell whether a column is one of the vault's encrypted fields."""
    return any(kind.__name__.startswith("Encrypted") for kind in type(column).__mro__)


def holds_no_words(column: _Column) -> bool:
    """Tell whether a column can hold nothing but numbers, times, ids and fixed choices."""
    if column.remote_field is not None:
        return _is_known_by_number(column.remote_field.model)
    if isinstance(column, ArrayField):
        return holds_no_words(column.base_field)
    return isinstance(column, WORDLESS) or (isinstance(column, models.CharField) and bool(column.choices))


def _is_known_by_number(related: type[models.Model] | str | None) -> bool:
    # One that is not loaded is named as text, and is a fault elsewhere.
    return related is None or isinstance(related, str) or holds_no_words(related._meta.pk)


def _bare(table: Table, column: _Column, place: str) -> Iterator[CheckMessage]:
    bare = {*table.technical, *table.activity, *table.staff}
    where = f"{table.model}.{column.name}"
    if column.name in bare and not holds_no_words(column):
        yield fault(
            23,
            where,
            f"is a {type(column).__name__}, which can hold words, but is declared without saying which.",
            f"Move it within {place} to `machine_words`, `own_texts` or `fields`.",
        )
    category = datamap.category_of(table, column.name)
    if isinstance(column, ALWAYS_PERSONAL) and category not in {*PERSONAL, Category.STAFF}:
        yield fault(
            24,
            where,
            f"is a {type(column).__name__}, so it is about a person, but is declared {category}.",
            f"Declare it in `fields` of {place} as contact or identity, or as staff.",
        )


# In what form ------------------------------------------------------------------------------------------------------


def _protection(table: Table, column: _Column, field: Field, place: str) -> Iterator[CheckMessage]:
    where = f"{table.model}.{column.name}"
    declared = field.encryption
    if is_encrypted(column) != (declared is Protection.ENCRYPTED):
        said = declared.value if isinstance(declared, Protection) else "plain"
        yield fault(
            25,
            where,
            f"is a {type(column).__name__}, but is declared {said}.",
            f"Write Protection.ENCRYPTED in {place}"
            + ("." if is_encrypted(column) else " only for the vault's encrypted fields, or make it one."),
        )
    binary = {Protection.BLIND_INDEX, Protection.WRAPPED}
    if declared in binary and not isinstance(column, models.BinaryField):
        yield fault(
            26,
            where,
            f"is a {type(column).__name__}, which cannot be a {declared}.",
            f"Use a BinaryField, or correct its protection in {place}.",
        )
    if declared is Protection.HASHED and not isinstance(column, models.BinaryField | models.CharField):
        yield fault(
            26, where, f"is a {type(column).__name__}, which holds no hash.", f"Correct its protection in {place}."
        )


def _about(table: Table, column: _Column, field: Field, place: str) -> Iterator[CheckMessage]:
    if field.category in PERSONAL and isinstance(table.subject, AboutNobody | AboutStaff):
        yield fault(
            27,
            f"{table.model}.{column.name}",
            f"is {field.category.value}, but its row reaches no customer.",
            f"Write subject=Via(“path to the customer”) for {place}, or another category if it tells nothing of one.",
        )


# What becomes of it ------------------------------------------------------------------------------------------------


def _erasure(table: Table, column: _Column, field: Field, place: str) -> Iterator[CheckMessage]:
    where = f"{table.model}.{column.name}"
    if table.erase is Erase.DELETE_ROW:
        if field.erase is not None:
            yield fault(
                28, where, "has an erasure of its own, but its row is deleted.", f"Remove its erase from {place}."
            )
        return
    if field.erase is None:
        tells = field.category in PERSONAL or field.category is Category.SECRET
        is_safe = field.encryption in {Protection.ENCRYPTED, Protection.WRAPPED}
        if isinstance(table.erase, Keep) and tells and not is_safe and datamap.paths_of(table.subject):
            yield fault(
                29,
                where,
                "tells something of a customer, and its row is kept when they are erased.",
                f"Say in {place} what becomes of it: erase=Erase.NULL, Erase.TOKENISE, or Keep(reason, until).",
            )
    elif problem := _impossible(column, field):
        yield fault(30, where, problem, f"Correct its erase in {place}.")


def _impossible(column: _Column, field: Field) -> str:
    match field.erase:
        case Erase.DELETE_ROW:
            return "cannot delete its row: that is said for the whole Table."
        case Erase.SHRED if field.encryption not in {Protection.ENCRYPTED, Protection.WRAPPED}:
            return "cannot be shredded, because it is not encrypted."
        case Erase.NULL if not (column.null or isinstance(column, models.CharField | models.TextField)):
            return "cannot be NULL."
        case Erase.TOKENISE if not isinstance(column, models.CharField | models.TextField):
            return "is no text, so it has no room for tokens."
        case _:
            return ""
