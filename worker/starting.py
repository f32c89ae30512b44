"""May this worker, or the beat, start? Not with root keys that do not open the vault: it would fail job after job."""

import os
import sys

from celery.signals import beat_init, worker_init

from apps.vault.services import roots


@worker_init.connect
@beat_init.connect
def _refuse_without_root_keys(**_signal: object) -> None:
    refusal = roots.find_refusal()
    if refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(os.EX_CONFIG)
