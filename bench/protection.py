"""What do encryption and redaction cost, for each message taken in and for each page of 50 messages handed out?

``python -m bench.protection`` sends messages through the service that the visitor's socket calls, after-commit pushes
included, and reads pages as the desk does: by turns with protection and on the same path with both left out. Beside
it, in the same run, one INSERT with COMMIT: what this machine needs at least. CPU is that of the calling thread.
Exit status 1 if a ratio is above its limit.
"""

import argparse
import base64
import json
import os
import secrets
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID, uuid4

from bench.measuring import describe_machine
from launcher.embedded import running

if TYPE_CHECKING:
    from apps.inboxes.models import Inbox

VISITORS, MESSAGES, PAGES, PAGE_SIZE, COMMITS = 60, 12, 200, 50, 300
# Visitors whose figures are thrown away: connections are made and code is loaded.
WARM_UP = 6
# CPU with protection : without, at the median. Beyond these the design would have to be looked at again.
LIMITS = {"message": 2.0, "page": 2.0}
TEXT = (
    "Hello, my name is {name}. I ordered two lamps a week ago and only one of them has arrived, the other one seems to"
    " be lost somewhere. Could you please look into it? You can reach me at {name}.{number}@example.com or under"
    " +49 30 9018 {number:04d} during the day. Thank you and have a nice weekend, {name}"
)
NAMES = ("Anna", "Boris", "Chiara", "Deniz", "Emeka", "Farah", "Goran", "Hanne")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds, and queries to the database and to that of the keys."""

    cpu: float
    wall: float
    queries: float
    key_queries: float


class Meter:
    """Collects what is measured under a name, in the order in which names first come up."""

    def __init__(self) -> None:
        self._samples: defaultdict[str, list[Cost]] = defaultdict(list)

    @contextmanager
    def measuring(self, name: str) -> Iterator[None]:
        """Note the cost of the block."""
        from django.db import connections

        counts = {"default": 0, "keyvault": 0}
        with ExitStack() as stack:
            for alias in counts:
                stack.enter_context(connections[alias].execute_wrapper(_count_into(counts, alias)))
            wall, cpu = time.perf_counter(), time.thread_time()
            yield
            cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
        self._samples[name].append(Cost(cpu * 1000, wall * 1000, counts["default"], counts["keyvault"]))

    def forget(self) -> None:
        """Throw away what was measured while everything was being loaded."""
        self._samples.clear()

    def medians(self) -> dict[str, Cost]:
        """Return the median of each column by name."""
        return {
            name: Cost(*(statistics.median(column) for column in zip(*map(_columns, samples), strict=True)))
            for name, samples in self._samples.items()
        }


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.protection", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as urls:
        os.environ.update(
            VAR_DIR=name,
            DATABASE_URL=urls.database_url,
            DATABASE_OWNER_URL=urls.database_owner_url,
            KEYVAULT_DATABASE_URL=urls.keyvault_database_url,
            KEYVAULT_DATABASE_OWNER_URL=urls.keyvault_database_owner_url,
            VAULT_ROOT_KEYS=f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            REDIS_URL=urls.redis_url,
            CACHE_URL=urls.cache_url,
            LOG_LEVEL="ERROR",
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        costs, parts = _measure_all()
    ratios = {name: costs[name].cpu / costs[f"{name}, plain"].cpu for name in ("first", "message", "page")}
    _print(costs, parts, ratios)
    if options.json:
        shown = {"costs": {name: asdict(cost) for name, cost in costs.items()}, "parts": parts, "ratios": ratios}
        options.json.write_text(json.dumps({"machine": describe_machine()} | shown, indent=2) + "\n")
    return 0 if all(ratios[name] <= limit for name, limit in LIMITS.items()) else 1


def _measure_all() -> tuple[dict[str, Cost], dict[str, float]]:
    import django

    django.setup()
    from django.core.management import call_command

    from apps.accounts import services as account_services
    from apps.core import tenancy
    from apps.inboxes import services as inbox_services

    call_command("migrate", database="owner", verbosity=0, interactive=False)
    call_command("migrate", "vault", database="keyvault_owner", verbosity=0, interactive=False)
    organisation = account_services.save_organisation(slug="bench", name="Bench")
    inbox = inbox_services.save_inbox(organisation=organisation, name="Website")
    meter = Meter()
    with tenancy.scope(organisation.id):
        for visitor in range(-WARM_UP, VISITORS):
            if visitor == 0:
                meter.forget()
            # By turns and in changing order, so that a disturbance meets both.
            for is_plain in (False, True) if visitor % 2 else (True, False):
                _visit(meter, inbox, is_plain=is_plain)
        _read_pages(meter, inbox)
        _commit(meter)
        parts = _measure_parts(organisation.id)
    return meter.medians(), parts


def _visit(meter: Meter, inbox: "Inbox", *, is_plain: bool, messages: int = MESSAGES) -> UUID:
    """Let a new visitor write; return the conversation."""
    from apps.core import clock
    from apps.inboxes import services as inbox_services

    secret, conversation_id = f"s_{secrets.token_urlsafe(32)}", None
    with unprotected() if is_plain else nullcontext():
        for number in range(messages):
            name = ("first" if number == 0 else "message") + (", plain" if is_plain else "")
            with meter.measuring(name):
                visit, _ = inbox_services.accept_web_message(
                    inbox=inbox, secret=secret, client_id=uuid4(), text=_text(number), now=clock.now()
                )
            conversation_id = visit.conversation_id
    assert conversation_id is not None
    return conversation_id


def _read_pages(meter: Meter, inbox: "Inbox") -> None:
    from apps.conversations import selectors

    written = {is_plain: _visit(Meter(), inbox, is_plain=is_plain, messages=PAGE_SIZE) for is_plain in (False, True)}
    for turn in range(PAGES):
        for is_plain in (False, True) if turn % 2 else (True, False):
            with unprotected() if is_plain else nullcontext(), meter.measuring("page, plain" if is_plain else "page"):
                conversation = selectors.get_conversation(written[is_plain])
                updates = selectors.list_updates(conversation, after_seq=0, limit=PAGE_SIZE)
                # As they leave: frames of JSON.
                assert len([frame.model_dump_json() for frame in updates.events]) == PAGE_SIZE


def _commit(meter: Meter) -> None:
    from apps.core import clock
    from apps.customers.services import visitors as customer_visitors

    for _ in range(COMMITS):
        with meter.measuring("commit"):
            customer_visitors.create_visitor(now=clock.now())


def _measure_parts(organisation_id: UUID) -> dict[str, float]:
    """Return the microseconds of each step by itself."""
    from apps.privacy.services import redacting, restoring
    from apps.privacy.types import TokenTable
    from apps.vault.services import keys

    text = _text(1)
    key = keys.get_key(owner_id=organisation_id)
    sealed = key.seal(text.encode(), b"place")
    tokens = TokenTable()
    redacted = redacting.redact(text, tokens=tokens).text
    stored = tokens.to_json()
    return {
        f"redact a message of {len(text)} characters": _best(lambda: redacting.redact(text, tokens=TokenTable())),
        "seal it": _best(lambda: key.seal(text.encode(), b"place")),
        "open it": _best(lambda: key.open(sealed, b"place")),
        "read the tokens of its conversation": _best(lambda: TokenTable.from_json(stored)),
        "restore it": _best(lambda: restoring.restore(redacted, tokens)),
    }


def _best(call: Callable[[], object], *, times: int = 400) -> float:
    durations = []
    for _ in range(times):
        started = time.thread_time()
        call()
        durations.append(time.thread_time() - started)
    return statistics.median(durations) * 1e6


@contextmanager
def unprotected() -> Iterator[None]:
    """Leave encryption and redaction out of the same path: bytes are kept as they are, nothing is looked for."""
    from apps.privacy.pipeline import finding
    from apps.vault import fields
    from apps.vault.services import keys

    with (
        mock.patch.object(finding, "find_spans", _find_nothing),
        mock.patch.object(fields.EncryptedField, "seal_value", lambda field, _row, value: field.encode(value)),
        mock.patch.object(
            fields.EncryptedField, "open_value", lambda field, _row, sealed: field.decode(sealed.ciphertext)
        ),
        mock.patch.object(keys, "get_key", _do_nothing),
        mock.patch.object(keys, "load_keys", _do_nothing),
        mock.patch.object(fields, "read_key_id", _do_nothing),
    ):
        yield


# Functions, not mocks: these cost more than what they stand for.
def _do_nothing(*_given: object, **_named: object) -> None:
    return None


def _find_nothing(_text: str, **_how: object) -> list[object]:
    return []


def _text(number: int) -> str:
    return TEXT.format(name=NAMES[number % len(NAMES)], number=number)


def _count_into(counts: dict[str, int], alias: str) -> Callable[..., Any]:
    def count(execute: Callable[..., Any], *call: Any) -> Any:
        counts[alias] += 1
        return execute(*call)

    return count


def _columns(cost: Cost) -> tuple[float, ...]:
    return cost.cpu, cost.wall, cost.queries, cost.key_queries


def _print(costs: dict[str, Cost], parts: dict[str, float], ratios: dict[str, float]) -> None:
    labels = {
        "first": "first message of a new visitor",
        "message": "each later message",
        "page": f"page of {PAGE_SIZE} messages",
        "commit": "one INSERT with COMMIT",
    }
    print(describe_machine(), f"load {os.getloadavg()[0]:.2f}")
    print(f"\n{'at the median':<44}{'CPU ms':>9}{'wall ms':>9}{'queries':>9}{'of keys':>9}")
    for name, cost in sorted(costs.items(), key=lambda item: ([*labels].index(item[0].partition(",")[0]), item[0])):
        label = "  without protection" if "plain" in name else labels[name]
        print(f"{label:<44}{cost.cpu:>9.2f}{cost.wall:>9.2f}{cost.queries:>9.0f}{cost.key_queries:>9.0f}")
    print(f"\n{'each step by itself':<44}{'CPU µs':>9}")
    for name, microseconds in parts.items():
        print(f"{name:<44}{microseconds:>9.1f}")
    print("\nCPU with protection : without")
    for name, ratio in ratios.items():
        limit = LIMITS.get(name)
        verdict = "" if limit is None else f"  {limit:.1f} allowed: {'met' if ratio <= limit else 'MISSED'}"
        print(f"{labels[name]:<44}{ratio:>9.2f}{verdict}")


if __name__ == "__main__":
    raise SystemExit(main())
