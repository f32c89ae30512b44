"""In what order must a customer's data go? What is derived before its source, what points before its target."""

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from django.apps import apps
from django.apps.registry import Apps
from django.db import models

from apps.core.datamap import Category, Erase, Erasure, Keep, Located, Protection, Store, Table
from apps.privacy.selectors import datamap

# Among those that nothing orders, what is furthest from the person goes first, and what finds the person last.
_RANKS = (Category.DERIVED, Category.CONTENT, Category.ACTIVITY, Category.CONTACT, Category.IDENTITY)


@dataclass(frozen=True, slots=True)
class ErasureStep:
    """One table or store of the order. ``tokenised``, ``emptied`` and ``kept`` are its columns where rows stay."""

    name: str
    is_store: bool
    paths: tuple[str, ...]
    erase: Erasure
    shredded: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    tokenised: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def erase_order(registry: Apps = apps) -> list[ErasureStep]:
    """Return every table and store with data of customers, in the order in which they must be erased.

    Raises ``graphlib.CycleError`` if there is none; `manage.py check` says so before.
    """
    steps, before, ranks = _list_steps(registry)
    return [steps[name] for name in sort_by_precedence(before, ranks)]


def sort_by_precedence(before: Mapping[str, Collection[str]], ranks: Mapping[str, int]) -> list[str]:
    """Return names so that each comes after those in ``before[name]``; by rank, then by name, where either would do.

    Raises ``graphlib.CycleError``, whose second argument is the circle.
    """
    sorter = TopologicalSorter(before)
    sorter.prepare()
    ready: list[tuple[int, str]] = []
    ordered = []
    while sorter:
        for name in sorter.get_ready():
            heapq.heappush(ready, (ranks.get(name, 0), name))
        _, name = heapq.heappop(ready)
        ordered.append(name)
        sorter.done(name)
    return ordered


def _list_steps(registry: Apps) -> tuple[dict[str, ErasureStep], dict[str, set[str]], dict[str, int]]:
    known = datamap.list_models(registry)
    tables = {
        table.model: table
        for _, table in datamap.list_tables(registry)
        if table.model in known and datamap.paths_of(table.subject) and table.erase is not None
    }
    stores = {
        one.store.name: one.store
        for one in datamap.list_stores(registry)
        if isinstance(one.store.subject, Located) and one.store.erase is not None
    }
    steps = {model: _table_step(registry, table) for model, table in tables.items()}
    steps |= {name: _store_step(store) for name, store in stores.items()}
    before: dict[str, set[str]] = {name: set() for name in steps}
    for model in tables:
        for target in _targets(known[model]) & tables.keys() - {model}:
            before[target].add(model)
    sources: dict[str, Table | Store] = {**tables, **stores}
    for name, source in sources.items():
        for origin in source.derived_from:
            if origin in before:
                before[origin].add(name)
    _put_keys_last(tables, stores, before)
    return steps, before, {name: _rank(source) for name, source in sources.items()}


def _put_keys_last(tables: Mapping[str, Table], stores: Mapping[str, Store], before: dict[str, set[str]]) -> None:
    # Without the keys nobody can read what else to look for; what their loss makes unreadable needs nothing more.
    keys = {
        model
        for model, table in tables.items()
        if any(field.encryption is Protection.WRAPPED for field in table.fields.values())
    }
    unreadable = {name for name, store in stores.items() if store.erase is Erase.SHRED}
    for name in keys:
        before[name].update(before.keys() - keys - unreadable)
    for name in unreadable:
        before[name].update(keys)


def _targets(model: type[models.Model]) -> set[str]:
    return {
        datamap.label_of(field.related_model) for field in datamap.list_columns(model).values() if field.remote_field
    }


def _rank(source: Table | Store) -> int:
    categories = (
        set(source.categories)
        if isinstance(source, Store)
        else {field.category for field in source.fields.values()} | ({Category.ACTIVITY} if source.activity else set())
    )
    return max((_RANKS.index(category) for category in categories if category in _RANKS), default=0)


def _table_step(registry: Apps, table: Table) -> ErasureStep:
    entries = datamap.list_entries_of(table.model, registry)
    assert table.erase is not None
    return ErasureStep(
        name=table.model,
        is_store=False,
        paths=datamap.paths_of(table.subject),
        erase=table.erase,
        shredded=tuple(entry.field for entry in entries if entry.erase is Erase.SHRED),
        emptied=tuple(entry.field for entry in entries if entry.erase is Erase.NULL),
        tokenised=tuple(entry.field for entry in entries if entry.erase is Erase.TOKENISE),
        kept=tuple(entry.field for entry in entries if isinstance(entry.erase, Keep)),
    )


def _store_step(store: Store) -> ErasureStep:
    assert store.erase is not None
    return ErasureStep(name=store.name, is_store=True, paths=(), erase=store.erase)
