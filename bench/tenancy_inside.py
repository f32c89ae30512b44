"""The work that is done with and without the wall. Needs Django set up."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.core.management import call_command
from django.db import connection, connections, transaction

from apps.accounts import selectors as account_selectors
from apps.accounts import services as account_services
from apps.core import tenancy
from apps.core.postgres import scoping
from apps.customers.models import Customer
from apps.knowledge.models import Source
from apps.knowledge.selectors import candidates
from apps.knowledge.services import indexing
from apps.knowledge.types import Audience, DocumentDraft, PassageDraft

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

ENCODER_KEY, DIMENSIONS = "wordllama-l2-supercat:256:1", 256
SMALL, PIECE, WORDS = 3_000, 100, 4_000
CUSTOMERS = 2_000
WARM_UP = 5
_seeded = random.Random(2026)
_numbers = np.random.default_rng(2026)


@dataclass(frozen=True, slots=True)
class Work:
    """Milliseconds of one call without and with the wall, and how many times as long it takes: median and quartiles.

    The ratio is that of pairs measured one right after the other, so it need not be that of the medians.
    """

    name: str
    without: float
    within: float
    ratio: float
    low: float
    high: float


def fill(passages: int) -> None:
    """Make one organisation with many passages and three with fewer."""
    call_command("migrate", database="owner", verbosity=0)
    for slug, number in (("large", passages), ("small-1", SMALL), ("small-2", SMALL), ("small-3", SMALL)):
        organisation = account_services.save_organisation(slug=slug, name=slug)
        with tenancy.scope(organisation.id):
            source = Source.objects.create(organisation=organisation, name="Made up")
            for start in range(0, number, PIECE):
                documents = [_make_document(place) for place in range(start, min(start + PIECE, number))]
                indexing.write_documents(source_id=source.id, documents=documents, encoder_key=ENCODER_KEY)
            Customer.objects.bulk_create(
                [Customer(organisation=organisation, reference=f"{n:06}") for n in range(CUSTOMERS)]
            )
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _make_document(number: int) -> indexing.PreparedDocument:
    text = _make_words(60)
    passage = PassageDraft(ordinal=0, heading="", text=text, start=0, end=len(text), token_count=80)
    vector = _numbers.standard_normal((1, DIMENSIONS)).astype(np.float32)
    draft = DocumentDraft(
        external_id=str(number), title=f"Article {number}", body=text, locale="en", audience=Audience.PUBLIC
    )
    return indexing.PreparedDocument(draft, [passage], vector / np.linalg.norm(vector))


def _make_words(count: int) -> str:
    # As in texts, few words are common and many are rare.
    return " ".join(f"w{int(WORDS * _seeded.random() ** 3)}" for _ in range(count))


# The wall ----------------------------------------------------------------------------------------------------


@contextmanager
def _no_wall() -> Iterator[None]:
    """Take policies down and send statements bare inside the block. Only a bench may."""
    told = scoping.statement_for
    _set_policies("NO FORCE", "DISABLE")
    scoping.statement_for = lambda connection: b""
    try:
        yield
    finally:
        scoping.statement_for = told
        _set_policies("FORCE", "ENABLE")


def _set_policies(force: str, enable: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" {force} ROW LEVEL SECURITY, {enable} ROW LEVEL SECURITY')


# The work ----------------------------------------------------------------------------------------------------


def measure(rounds: int) -> list[Work]:
    """Do every kind of work by turns with and without the wall."""
    large, small = (account_selectors.get_organisation_by_slug(slug) for slug in ("large", "small-1"))
    kinds: list[tuple[str, Organisation, Callable[[], Any], int]] = [
        ("SELECT 1, no transaction", small, _select_one, 300),
        ("SELECT 1, in a transaction", small, transaction.atomic(_select_one), 300),
        ("row by id through the ORM", small, _row_getter(small), 300),
        ("INSERT and COMMIT", small, _insert, 50),
        ("20 statements in one transaction", small, _twenty, 30),
        ("search, every vector (3,000 passages)", small, _searcher(), 20),
        ("search, graph (largest organisation)", large, _searcher(), 20),
        ("search, words alone (largest organisation)", large, _searcher(with_vector=False), 20),
    ]
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _, _ in kinds}
    for number in range(rounds):
        for name, organisation, work, calls in kinds:
            # One right after the other, in changing order: whatever else the machine does meets both.
            taken = {}
            for has_wall in (number % 2 == 0, number % 2 == 1):
                with nullcontext() if has_wall else _no_wall(), tenancy.scope(organisation.id):
                    taken[has_wall] = _time(work, calls)
            pairs[name].append((taken[False], taken[True]))
    return [_sum_up(name, found) for name, found in pairs.items()]


def _time(work: Callable[[], Any], calls: int) -> float:
    """Return the median of the milliseconds of some calls, after a few that nobody counts."""
    taken = []
    for _ in range(calls + WARM_UP):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[WARM_UP:])


def _sum_up(name: str, pairs: list[tuple[float, float]]) -> Work:
    without, within = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(one / other for other, one in pairs)
    quarter = len(ratios) // 4
    return Work(name, without, within, statistics.median(ratios), ratios[quarter], ratios[-1 - quarter])


def _select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _row_getter(organisation: "Organisation") -> Callable[[], Any]:
    with tenancy.scope(organisation.id):
        ids = list(Customer.objects.values_list("id", flat=True)[:200])
    return lambda: Customer.objects.get(id=_seeded.choice(ids))


def _insert() -> None:
    Customer.objects.create(organisation_id=tenancy.current_organisation_id(), reference="BENCH")


@transaction.atomic
def _twenty() -> None:
    for _ in range(20):
        _select_one()


def _searcher(*, with_vector: bool = True) -> Callable[[], Any]:
    questions = [(_make_words(8), _make_vector()) for _ in range(50)]

    def search() -> Any:
        words, vector = _seeded.choice(questions)
        return candidates.search_candidates(
            state=candidates.get_index_state(),
            words=words,
            vector=vector if with_vector else None,
            encoder_key=ENCODER_KEY,
            pool=50,
            audiences=[Audience.PUBLIC.value],
        )

    return search


def _make_vector() -> Any:
    vector = _numbers.standard_normal(DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


# The plans ---------------------------------------------------------------------------------------------------


def explain() -> dict[str, str]:
    """Return how the search's statements are planned behind the wall, by the organisation's size."""
    plans = {}
    for slug in ("large", "small-1"):
        organisation = account_selectors.get_organisation_by_slug(slug)
        seen: list[str] = []
        with tenancy.scope(organisation.id), connection.execute_wrapper(_explaining(seen)):
            _searcher()()
        plans[f"search in {slug}"] = "\n".join(seen)
    return plans


def _explaining(seen: list[str]) -> Callable[..., Any]:
    def explain_first(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's
        if "knowledge_posting" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}", parameters)
                seen.extend(row[0] for row in cursor.fetchall() if _is_telling(row[0]))
        return execute(sql, parameters, many, context)

    return explain_first


def _is_telling(line: str) -> bool:
    return any(word in line for word in ("Scan", "Filter", "InitPlan", "Cond"))
