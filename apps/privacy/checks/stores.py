"""Are the places outside the database declared without contradiction, and is there an order of erasure?"""

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError

from django.apps.registry import Apps
from django.core.checks import CheckMessage

from apps.core.datamap import PERSONAL, AboutNobody, Category, Located, Purpose, Retention
from apps.privacy.checks.faults import fault, file_of
from apps.privacy.selectors import datamap, erasing, rules


def find_faults(registry: Apps) -> Iterator[CheckMessage]:
    """Yield what is wrong with stores, with the rules that declarations name, and with the order."""
    known = datamap.list_models(registry)
    stores = datamap.list_stores(registry)
    for name, count in sorted(Counter(one.store.name for one in stores).items()):
        if count > 1:
            yield fault(40, f"The store “{name}”", f"is declared {count} times.", "Keep one, or name them apart.")
    for one in stores:
        yield from _subject(registry, one)
        for origin in one.store.derived_from:
            if origin not in known:
                yield fault(
                    10,
                    f"The store “{one.store.name}”",
                    f"is derived from {origin}, which does not exist.",
                    f"Correct its derived_from in {file_of(registry, one.app)}.",
                )
    yield from _rules()
    yield from _order(registry)


def _subject(registry: Apps, one: datamap.StoreEntry) -> Iterator[CheckMessage]:
    where, place = f"The store “{one.store.name}”", file_of(registry, one.app)
    personal = sorted(category.value for category in one.store.categories if category in PERSONAL)
    if personal and not isinstance(one.store.subject, Located):
        yield fault(
            41,
            where,
            f"holds {', '.join(personal)}, but does not say how a customer's share is found.",
            f"Write subject=Located(“how”) in {place}.",
        )
    if isinstance(one.store.subject, AboutNobody) != (one.store.erase is None):
        yield fault(
            42,
            where,
            "must say what erasing its person does, unless it is about nobody.",
            f"Add or remove its erase in {place}.",
        )


def _rules() -> Iterator[CheckMessage]:
    for kind, missing in (
        ("category", set(Category) - rules.CATEGORIES.keys()),
        ("purpose", set(Purpose) - rules.PURPOSES.keys()),
        ("retention rule", set(Retention) - rules.RETENTION.keys()),
    ):
        for key in sorted(missing):
            yield fault(
                43, f"The {kind} “{key.value}”", "is not described.", "Add it to apps/privacy/selectors/rules.py."
            )


def _order(registry: Apps) -> Iterator[CheckMessage]:
    try:
        erasing.erase_order(registry)
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield fault(
            44, "The order of erasure", f"goes in a circle: {circle}.", "Remove one derived_from or relation from it."
        )
