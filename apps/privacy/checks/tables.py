"""Is every model declared, once, by the app that answers for it, with a way to its customer and its organisation?"""

from collections import Counter
from collections.abc import Iterator

from django.apps.registry import Apps
from django.core.checks import CheckMessage
from django.db import models

from apps.core.datamap import (
    AboutNobody,
    AboutStaff,
    Erase,
    IsSubject,
    Keep,
    LooseId,
    Table,
    Via,
    find_map,
)
from apps.core.tenancy import TenantManager
from apps.privacy.checks.faults import fault, file_for, file_of
from apps.privacy.selectors import datamap

ORGANISATION = "accounts.Organisation"
_Models = dict[str, type[models.Model]]


def find_faults(registry: Apps) -> Iterator[CheckMessage]:
    """Yield what is wrong with tables as wholes."""
    known = datamap.list_models(registry)
    yield from _declared_once(registry, known)
    yield from _one_subject(registry)
    for app, table in datamap.list_tables(registry):
        if table.model in known:
            yield from _way_to_customer(registry, known, app, table)
            yield from _erasure(registry, app, table)
            yield from _origins(registry, known, app, table)
    for label, model in known.items():
        yield from _way_to_organisation(model, label)


def _declared_once(registry: Apps, known: _Models) -> Iterator[CheckMessage]:
    declared = datamap.list_tables(registry)
    times = Counter(table.model for _, table in declared)
    own = {config.label for config in registry.get_app_configs() if find_map(config) is not None}
    for label in known:
        if label not in times:
            yield fault(
                1,
                label,
                "is not in the data map.",
                f'Add Table("{label}", …) to MAP in {file_for(registry, label)}'
                " and declare each of its columns; docs/how-to/add-a-model-field.md shows how.",
            )
    for app, table in declared:
        owner = table.model.partition(".")[0]
        if table.model not in known:
            yield fault(
                2,
                table.model,
                f"is declared by {app}, but there is no such model.",
                f"Remove its Table from {file_of(registry, app)}, or write the label as in the model's _meta.",
            )
        elif owner != app and owner in own:
            yield fault(
                3,
                table.model,
                f"is declared by {app}, which does not own it.",
                f"Move its Table to {file_of(registry, owner)}; an app answers for itself and for libraries.",
            )
    for label, count in sorted(times.items()):
        if count > 1:
            apps = ", ".join(app for app, table in declared if table.model == label)
            yield fault(4, label, f"is declared {count} times (by {apps}).", "Keep one of its Tables.")


def _one_subject(registry: Apps) -> Iterator[CheckMessage]:
    subjects = [table.model for _, table in datamap.list_tables(registry) if isinstance(table.subject, IsSubject)]
    if len(subjects) != 1 and datamap.list_tables(registry):
        yield fault(
            5,
            ", ".join(subjects) or "The data map",
            "cannot say who the customer is: exactly one Table has subject=IsSubject().",
            "Every other row about a customer reaches that one: subject=Via(“path”).",
        )


# To the customer ---------------------------------------------------------------------------------------------------


def _way_to_customer(registry: Apps, known: _Models, app: str, table: Table) -> Iterator[CheckMessage]:
    target = datamap.find_subject_model(registry)
    place = f'Table("{table.model}") in {file_of(registry, app)}'
    match table.subject:
        case Via():
            for path in table.subject.paths:
                if problem := _walk(known, table.model, path, target):
                    yield fault(
                        6,
                        table.model,
                        f"does not reach {target} by “{path}”: {problem}.",
                        f"Write in {place} the names of relations that lead there, joined by two underscores.",
                    )
        case LooseId(column=column):
            if problem := _compare_id(known, table.model, column, target):
                yield fault(
                    7, table.model, f"does not hold a customer's id: {problem}.", f"Correct LooseId in {place}."
                )
        case AboutNobody() | AboutStaff():
            if found := _find_way(registry, known, table.model, target):
                yield fault(
                    8,
                    table.model,
                    f"is declared to be about no customer, but reaches {target} by “{found}”.",
                    f'Write subject=Via("{found}") in {place}.',
                )


def _walk(known: _Models, label: str, path: str, target: str) -> str:
    """Return what is wrong with a path, or nothing."""
    for name in path.split("__"):
        column = datamap.list_columns(known[label]).get(name)
        if column is None:
            return f"{label} has no column {name}"
        if column.remote_field is None:
            return f"{label}.{name} is no relation"
        label = datamap.label_of(column.remote_field.model)
        if label not in known:
            return f"{label} is not installed"
    return "" if label == target else f"it ends at {label}"


def _compare_id(known: _Models, label: str, name: str, target: str) -> str:
    column = datamap.list_columns(known[label]).get(name)
    if column is None:
        return f"it has no column {name}"
    if column.remote_field is not None:
        return f"{name} is a relation, so write Via"
    key = known[target]._meta.pk if target in known else None
    return "" if key is None or type(column) is type(key) else f"{name} is no {type(key).__name__}"


def _find_way(registry: Apps, known: _Models, label: str, target: str) -> str:
    """Return a path that a declaration of nobody overlooks: straight to the customer, or to a row about one."""
    paths = datamap.list_paths_to_subject(registry)
    for name, column in datamap.list_columns(known[label]).items():
        goal = "" if column.remote_field is None else datamap.label_of(column.remote_field.model)
        if goal == target and target:
            return name
        if goal in paths:
            return f"{name}__{paths[goal][0]}"
    return ""


# What becomes of it ------------------------------------------------------------------------------------------------


def _erasure(registry: Apps, app: str, table: Table) -> Iterator[CheckMessage]:
    place = f'Table("{table.model}") in {file_of(registry, app)}'
    if isinstance(table.subject, AboutNobody):
        if table.erase is not None:
            yield fault(
                9, table.model, "is about nobody, yet says what erasing somebody does.", f"Remove erase from {place}."
            )
    elif table.erase is None:
        yield fault(
            9,
            table.model,
            "does not say what becomes of it when its person is erased.",
            f"Add erase=Erase.DELETE_ROW, or Keep(reason, until), to {place}.",
        )
    elif not isinstance(table.erase, Keep) and table.erase is not Erase.DELETE_ROW:
        yield fault(
            9,
            table.model,
            f"cannot be erased by “{table.erase.value}” as a whole.",
            f"Write Erase.DELETE_ROW or Keep(…) for {place}, and “{table.erase.value}” for single columns.",
        )


def _origins(registry: Apps, known: _Models, app: str, table: Table) -> Iterator[CheckMessage]:
    for origin in table.derived_from:
        if origin not in known:
            yield fault(
                10,
                table.model,
                f"is derived from {origin}, which does not exist.",
                f'Correct derived_from of Table("{table.model}") in {file_of(registry, app)}.',
            )


# To the organisation -----------------------------------------------------------------------------------------------


def _way_to_organisation(model: type[models.Model], label: str) -> Iterator[CheckMessage]:
    if not any(isinstance(manager, TenantManager) for manager in model._meta.managers):
        return
    column = datamap.list_columns(model).get("organisation")
    relation = None if column is None else column.remote_field
    if column is None or column.null or relation is None or datamap.label_of(relation.model) != ORGANISATION:
        yield fault(
            11,
            label,
            "is a TenantModel without a route to an organisation.",
            f"Keep the column `organisation` of TenantModel: a relation to {ORGANISATION} that is never NULL.",
        )
