"""Is it healthy? One check for each thing the suite cannot work without."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from kombu import Connection
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from redis.exceptions import RedisError

from apps.core import pulse
from apps.vault import selectors as vault_selectors
from apps.vault.errors import VaultUnavailable

CHECK_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``problem`` is empty when all is well."""

    name: str
    problem: str
    ms: float


def check_readiness() -> list[Check]:
    """Try database, vault, broker, cache and workers; each within two seconds."""
    return [
        _timed("database", _database),
        _timed("keyvault", _keyvault),
        _timed("broker", _broker),
        _timed("cache", _cache),
        _timed("workers", _workers),
    ]


def _timed(name: str, look: Callable[[], str]) -> Check:
    started = time.perf_counter()
    try:
        problem = look()
    except (DatabaseError, OperationalError, RedisError, OSError) as error:
        problem = f"does not answer ({type(error).__name__})"
    return Check(name, problem, round((time.perf_counter() - started) * 1000, 1))


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _keyvault() -> str:
    try:
        vault_selectors.ping()
    except VaultUnavailable:
        return "does not answer"
    return ""


def _broker() -> str:
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=CHECK_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, timeout=CHECK_SECONDS)
    return ""


def _cache() -> str:
    cache.set("ops:ready", "1", 10)
    return "" if cache.get("ops:ready") == "1" else "does not keep what it is given"


def _workers() -> str:
    silent = pulse.list_silent(queue.name for queue in settings.CELERY_TASK_QUEUES)
    return f"nobody has served queue {', '.join(silent)} for a minute" if silent else ""


def read_metrics() -> bytes:
    """Return all metrics: of every process when they share a folder (PROMETHEUS_MULTIPROC_DIR), else of this one."""
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def read_sign_ins() -> list[dict[str, str]]:
    """Return the demo's sign-ins as `seed_demo` wrote them; empty before."""
    try:
        content = json.loads((settings.VAR_DIR / "demo.json").read_text())
    except FileNotFoundError:
        return []
    return list(content["sign_ins"])


def read_shop() -> dict[str, Any]:
    """Return the texts, products and customer accounts of the demo company's page."""
    folder = settings.BASE_DIR / "demo"
    with (folder / "products.csv").open(newline="", encoding="utf-8") as lines:
        products = list(csv.DictReader(lines))
    site = {name: json.loads((folder / "site" / f"{name}.json").read_text()) for name in ("copy", "accounts")}
    return {**site, "products": products}


def read_shop_secret() -> str:
    """Return what the demo company's server signs visitor tokens with, as `seed_demo` wrote it; empty before."""
    try:
        content = json.loads((settings.VAR_DIR / "demo.json").read_text())
    except FileNotFoundError:
        return ""
    return str(content.get("token_secret", ""))
