"""Does every exemption have a reason, one that was written for it?"""

import re
from collections import defaultdict
from collections.abc import Iterator

from django.apps.registry import Apps
from django.core.checks import CheckMessage

from apps.core.datamap import AboutNobody, AboutStaff, Field, Keep, Located, LooseId, Plain, Store, Table
from apps.privacy.checks.faults import fault, file_of
from apps.privacy.selectors import datamap

SHORTEST = 20
FEWEST_WORDS = 3
# Words that fill a line and say nothing.
_EMPTY_WORDS = """
    a an and are as at be because but by data do does field for from has have here in is it its just na needed no none
    not nothing of ok okay on only or personal plain reason required same see so such technical that the there these
    they thing this to todo value was we which why will with yes above below safe fine tbd column row
"""
EMPTY_WORDS = frozenset(_EMPTY_WORDS.split())


def find_faults(registry: Apps) -> Iterator[CheckMessage]:
    """Yield every reason that is missing, empty of meaning, or copied from another."""
    seen: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for where, place, text in _list_reasons(registry):
        seen[" ".join(_words(text))].append((where, place))
        if weakness := find_weakness(text):
            yield fault(
                60,
                where,
                f"needs an explanation, but “{text.strip()}” {weakness}.",
                f"Say in {place}, in a sentence, why this is right here.",
            )
    for words, places in seen.items():
        for where, place in places[1:] if words else []:
            yield fault(
                61,
                where,
                f"has the same explanation as {places[0][0]}.",
                f"An explanation is written for one thing: say in {place} what holds here.",
            )


def find_weakness(text: str) -> str:
    """Return why a text is no reason, or nothing."""
    telling = {word for word in _words(text) if word not in EMPTY_WORDS and len(word) > 1}
    if not text.strip():
        return "is empty"
    if len(text.strip()) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    return f"says too little: it has fewer than {FEWEST_WORDS} telling words" if len(telling) < FEWEST_WORDS else ""


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


def _list_reasons(registry: Apps) -> Iterator[tuple[str, str, str]]:
    """Yield what each reason is for, where it is written, and the reason."""
    for app, table in datamap.list_tables(registry):
        place = f'Table("{table.model}") in {file_of(registry, app)}'
        for where, text in _reasons_of_table(table):
            yield where, place, text
    for one in datamap.list_stores(registry):
        for where, text in _reasons_of_store(one.store):
            yield where, file_of(registry, one.app), text


def _reasons_of_table(table: Table) -> Iterator[tuple[str, str]]:
    yield f"{table.model} (what it holds)", table.holds
    if isinstance(table.subject, AboutNobody | AboutStaff | LooseId):
        yield f"{table.model} (whom it is about)", table.subject.reason
    yield from _exemptions(table.model, table)
    for name, text in (*table.machine_words.items(), *table.own_texts.items()):
        yield f"{table.model}.{name}", text
    for name, field in table.fields.items():
        yield f"{table.model}.{name} (what it holds)", field.holds
        yield from _exemptions(f"{table.model}.{name}", field)


def _reasons_of_store(store: Store) -> Iterator[tuple[str, str]]:
    where = f"The store “{store.name}”"
    yield f"{where} (what it holds)", store.holds
    yield (
        f"{where} (whom it is about)",
        store.subject.how if isinstance(store.subject, Located) else store.subject.reason,
    )
    yield from _exemptions(where, store)


def _exemptions(where: str, declared: Table | Field | Store) -> Iterator[tuple[str, str]]:
    if isinstance(declared.erase, Keep):
        yield f"{where} (why it is kept)", declared.erase.reason
    if not isinstance(declared, Table):
        if isinstance(declared.encryption, Plain):
            yield f"{where} (why it is plain)", declared.encryption.reason
        if declared.export is not None:
            yield f"{where} (why it is withheld)", declared.export.reason
    if not isinstance(declared, Field) and declared.region is not None:
        yield f"{where} (why it may leave its region)", declared.region.reason
