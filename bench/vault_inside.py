"""The parts of ``bench.vault`` that need Django and a suite's own databases: costs of fields, many keys, cold reads."""

import argparse
import json
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import django

SUBJECT_TEXT = "x" * 200
ROUNDS = 20_000
BATCH = 1000


def main() -> int:
    """Do what is asked and print its figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.vault_inside", description=__doc__)
    parser.add_argument("--measure-fields", action="store_true")
    parser.add_argument("--make", type=int, metavar="KEYS")
    parser.add_argument("--read-keys", action="store_true", help="until a line comes in")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if options.measure_fields:
        found = measure_fields()
    elif options.make:
        found = make_keys(options.make)
    else:
        found = read_keys()
    print(json.dumps(found), flush=True)
    return 0


def measure_fields() -> dict[str, object]:
    """Seal and open a text through a model's field, with the key at hand; microseconds each, and questions asked."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    from apps.core import tenancy
    from apps.customers.models import Customer
    from apps.vault.services import keys

    organisation_id = uuid4()
    customers = [Customer(organisation_id=organisation_id, name=SUBJECT_TEXT) for _ in range(ROUNDS)]
    owner_ids = [customer.id for customer in customers]
    name: Any = Customer._meta.get_field("name")
    with tenancy.scope(organisation_id):
        for start in range(0, ROUNDS, BATCH):
            keys.get_keys(owner_ids=owner_ids[start : start + BATCH])
        with CaptureQueriesContext(connections["keyvault"]) as asked:
            warm = customers[-BATCH:]
            rounds = range(ROUNDS // BATCH)
            seal, sealed = _time(lambda: [[name.pre_save(one, add=True) for one in warm] for _ in rounds])
            copies = [
                [
                    Customer(id=one.id, organisation_id=organisation_id, name=cell)
                    for one, cell in zip(warm, row, strict=True)
                ]
                for row in sealed
            ]
            open_, _ = _time(lambda: [one.name for row in copies for one in row])
    return {"seal_microseconds": seal, "open_microseconds": open_, "questions": len(asked)}


def _time(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return round((time.perf_counter() - began) * 1e6 / ROUNDS, 1), done


def make_keys(count: int) -> dict[str, object]:
    """Make so many keys in one organisation."""
    from apps.core import tenancy
    from apps.vault.services import keys

    began = time.perf_counter()
    with tenancy.scope(uuid4()):
        for start in range(0, count, BATCH):
            keys.get_keys(owner_ids=[uuid4() for _ in range(min(BATCH, count - start))])
    return {"keys": count, "seconds": round(time.perf_counter() - began, 2)}


def read_keys() -> dict[str, object]:
    """Open keys that are not at hand, one after the other, until a line comes in; seal something with each."""
    from apps.core import tenancy
    from apps.core.errors import SuiteError
    from apps.vault.models import DataKey
    from apps.vault.services import caching, keys
    from bench.measuring import Percentiles

    known: list[tuple[UUID, UUID]] = list(DataKey.objects.values_list("organisation_id", "id")[:20_000])
    taken: list[float] = []
    failures: list[str] = []
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        organisation_id, key_id = known[len(taken) * 7919 % len(known)]
        caching.cache.clear()
        began = time.perf_counter()
        try:
            with tenancy.scope(organisation_id):
                keys.open_key(key_id).seal(b"x" * 200, b"")
        except SuiteError as error:
            failures.append(error.code)
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.002)
    found = Percentiles.of(taken)
    return {
        "count": len(taken),
        "failures": failures,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
        "longest": max(taken),
    }


if __name__ == "__main__":
    sys.exit(main())
