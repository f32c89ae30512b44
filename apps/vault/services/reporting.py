"""What is under which key? For operators: by root key, by organisation, and for each encrypted column."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.db import models
from django.db.models import Count, Q

from apps.core import tenancy
from apps.core.errors import SuiteError
from apps.vault import fields
from apps.vault.errors import KeyShredded, RootKeyUnusable, VaultUnavailable
from apps.vault.models import DataKey
from apps.vault.selectors import DATABASE, asking
from apps.vault.services import keys

SAMPLE = 200


@dataclass(frozen=True, slots=True)
class OrganisationKeys:
    """The keys of one organisation."""

    organisation_id: UUID
    live: int
    shredded: int


@dataclass(slots=True)
class ColumnReport:
    """The rows of one encrypted column; of those with a value, a sample was opened."""

    table: str
    column: str
    encrypted: int = 0
    empty: int = 0
    sampled: int = 0
    shredded: int = 0
    # Rows whose value still stands in another column, in plain text.
    plain: int = 0
    # By the code of what went wrong.
    undecryptable: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything that can be said without showing anything."""

    live_by_root: dict[int, int]
    organisations: list[OrganisationKeys]
    columns: list[ColumnReport]


def report_coverage(*, sample: int = SAMPLE) -> Coverage:
    """Count keys and rows, and try to open a sample of each column. Raises ``VaultUnavailable``."""
    rows = DataKey.objects.using(DATABASE)
    with asking():
        by_root = rows.filter(wrapped__isnull=False).values_list("root_version").annotate(Count("id"))
        live_by_root = dict(by_root.order_by("root_version"))
        organisations = [
            OrganisationKeys(*counts)
            for counts in rows.values_list("organisation_id")
            .annotate(
                live=Count("id", filter=Q(shredded_at=None)), shredded=Count("id", filter=Q(shredded_at__isnull=False))
            )
            .order_by("organisation_id")
        ]
    return Coverage(live_by_root, organisations, [_report_column(column, sample) for column in fields.COLUMNS])


def _report_column(column: fields.EncryptedField, sample: int) -> ColumnReport:
    report = ColumnReport(column.model._meta.db_table, str(column.column))
    # Across organisations: what cannot be read may belong to any.
    with tenancy.everywhere("count what is encrypted, for an operator"):
        everything = column.model._base_manager.all()
        counted = everything.aggregate(every=Count("pk"), encrypted=Count(column.name))
        report.encrypted, report.empty = counted["encrypted"], counted["every"] - counted["encrypted"]
        if column.plain_while is not None:
            report.plain = everything.filter(column.plain_while).count()
        rows = _draw(everything.filter(**{f"{column.name}__isnull": False}), sample)
    for row in rows:
        _try(row, column, report)
    return report


def _draw(rows: models.QuerySet[models.Model], sample: int) -> list[models.Model]:
    """Return the oldest and the newest rows: damage comes with moves and restores, which have a beginning or an end."""
    newest = list(rows.order_by("-pk")[: sample // 2])
    oldest = rows.order_by("pk").exclude(pk__in=[row.pk for row in newest])
    return [*oldest[: sample - len(newest)], *newest]


def _try(row: models.Model, column: fields.EncryptedField, report: ColumnReport) -> None:
    report.sampled += 1
    with tenancy.scope(row.organisation_id):  # type: ignore[attr-defined]  # all models with encrypted fields have it
        try:
            keys.load_keys_of([row])
            getattr(row, column.attname)
        except RootKeyUnusable as error:
            report.undecryptable[error.code] += 1
        except VaultUnavailable:
            raise
        except KeyShredded:
            report.shredded += 1
        except SuiteError as error:
            report.undecryptable[error.code] += 1
