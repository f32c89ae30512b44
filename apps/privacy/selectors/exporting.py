"""What does the data map say, in plain values and in words? For programs, for pages, and for its version."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.apps.registry import Apps

from apps.core.datamap import (
    AboutNobody,
    AboutStaff,
    Encryption,
    Erasure,
    IsSubject,
    Keep,
    Located,
    LooseId,
    Plain,
    Store,
    StoreSubject,
    Subject,
    Table,
    Via,
)
from apps.privacy.selectors import datamap, rules

NOBODY = "nobody"


def export_map(registry: Apps = apps) -> dict[str, Any]:
    """Return the whole map as plain values, in a fixed order: what its version is the hash of."""
    return {
        "subject": datamap.find_subject_model(registry),
        "tables": [_plain_table(app, table) for app, table in datamap.list_tables(registry)],
        "fields": [_plain_entry(entry) for entry in datamap.list_entries(registry)],
        "stores": [{"app": one.app} | _plain_store(one.store) for one in datamap.list_stores(registry)],
        "recipients": [asdict(recipient) for recipient in datamap.list_recipients(registry)],
        "purposes": {key.value: asdict(rule) for key, rule in rules.PURPOSES.items()},
        "retention": {key.value: asdict(rule) for key, rule in rules.RETENTION.items()},
    }


def compute_version(registry: Apps = apps) -> str:
    """Return twelve digits that change whenever anything the map says does."""
    written = json.dumps(export_map(registry), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def _plain_table(app: str, table: Table) -> dict[str, Any]:
    return {
        "app": app,
        "model": table.model,
        "holds": table.holds,
        "purpose": table.purpose.value,
        "subject": describe_subject(table.subject),
        "paths": list(datamap.paths_of(table.subject)),
        "erase": describe_erasure(table.erase),
        "retention": table.retention.value,
        "derived_from": list(table.derived_from),
        "region": table.region.reason if table.region else "",
    }


def _plain_entry(entry: datamap.Entry) -> dict[str, Any]:
    return asdict(entry) | {
        "subject": describe_subject(entry.subject),
        "encryption": describe_encryption(entry.encryption),
        "erase": describe_erasure(entry.erase),
    }


def _plain_store(store: Store) -> dict[str, Any]:
    return asdict(store) | {
        "subject": describe_subject(store.subject),
        "encryption": describe_encryption(store.encryption),
        "erase": describe_erasure(store.erase),
    }


def describe_subject(subject: Subject | StoreSubject) -> str:
    """Return in words whom rows are about."""
    match subject:
        case IsSubject():
            return "the customer"
        case Via():
            return "customer by " + " and ".join(f"`{path}`" for path in subject.paths)
        case LooseId():
            return f"customer by `{subject.column}`, without a relation: {subject.reason}"
        case Located():
            return f"customer: {subject.how}"
        case AboutStaff():
            return f"staff: {subject.reason}"
        case AboutNobody():
            return f"nobody: {subject.reason}"


def describe_erasure(erasure: Erasure | None) -> str:
    """Return in words what becomes of it."""
    match erasure:
        case None:
            return "about nobody"
        case Keep():
            return f"keep until “{erasure.until.value}”: {erasure.reason}"
        case _:
            return erasure.value


def describe_encryption(encryption: Encryption) -> str:
    """Return in words in what form it is stored."""
    return f"plain: {encryption.reason}" if isinstance(encryption, Plain) else encryption.value


def name_subject(subject: Subject | StoreSubject) -> str:
    """Return in a word whom rows are about."""
    match subject:
        case AboutNobody():
            return NOBODY
        case AboutStaff():
            return "staff"
        case _:
            return "customers"
