"""Do this vault and this data belong together? With a wrong vault every customer would get a second key."""

import structlog
from django.db import Error, transaction
from django.db.models import Model

from apps.core import tenancy
from apps.vault import fields
from apps.vault.selectors import find_keys

SAMPLE = 20

logger = structlog.get_logger(__name__)


def is_foreign() -> bool:
    """Say whether the vault has no key, not even a destroyed one, of the oldest ciphertexts there are.

    The oldest: a vault that was restored from a backup lacks the newest keys, and is the right one all the same. A
    database that does not answer, or has no tables yet, proves nothing. Raises ``VaultUnavailable``.
    """
    try:
        named = {key_id for column in fields.COLUMNS for row in _draw(column) for key_id in fields.list_key_ids(row)}
    except Error as error:
        logger.warning("vault.unpaired", reason="the database does not answer", error=type(error).__name__)
        return False
    return bool(named) and not find_keys(named)


def _draw(column: fields.EncryptedField) -> "list[Model]":
    # Across organisations: whose rows are the oldest does not matter. A table that is not there yet spoils nothing.
    with tenancy.everywhere("see under which keys the oldest rows lie"), transaction.atomic():
        rows = column.model._base_manager.filter(**{f"{column.name}__isnull": False})
        return list(rows.order_by("pk")[:SAMPLE])
