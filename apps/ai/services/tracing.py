"""How do traces from before come under encryption? Batch by batch; a row without a plain trace is done."""

import structlog
from django.db import transaction

from apps.ai.models import Run
from apps.vault.errors import KeyShredded
from apps.vault.services import keys as vault_keys

logger = structlog.get_logger(__name__)

BATCH = 200


def seal_traces() -> int:
    """Encrypt every plain trace of the organisation in scope; return how many there were.

    May be stopped and repeated at any time. Raises ``VaultUnavailable``.
    """
    done = 0
    while count := _seal_batch():
        done += count
        logger.info("runs.traces_sealed", done=done)
    return done


@transaction.atomic
def _seal_batch() -> int:
    plain = Run.objects.exclude(plain_trace={}).select_for_update(of=("self",), skip_locked=True)
    rows = list(plain.select_related("conversation").order_by("id")[:BATCH])
    for run in rows:
        try:
            vault_keys.get_key(owner_id=run.key_owner_id)
        except KeyShredded:
            # Erased: nothing can be encrypted for them, so nothing is kept.
            Run.objects.filter(id=run.id).update(plain_trace={})
            continue
        run.trace, run.plain_trace = run.plain_trace, {}
        run.save(update_fields=["trace", "plain_trace"])
    return len(rows)
