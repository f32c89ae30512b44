"""What happens by the clock? All of it, on one screen, but for the sweep of jobs, which must not wait for the beat."""

from typing import Any

from worker.queues import COMPLIANCE, QUEUES

# No app is imported here: Celery reads this file before Django is set up.
PULSE_SECONDS = 15.0
KEY_SWEEP_SECONDS = 1800.0

SCHEDULE: dict[str, dict[str, Any]] = {
    f"pulse-{queue.name}": {
        "task": "worker.pulse",
        "schedule": PULSE_SECONDS,
        "kwargs": {"queue": queue.name},
        # A canary that waited longer than the next one is pointless.
        "options": {"queue": queue.name, "expires": PULSE_SECONDS},
    }
    for queue in QUEUES
} | {
    "sweep-unused-keys": {
        "task": "vault.sweep_unused_keys",
        "schedule": KEY_SWEEP_SECONDS,
        "options": {"queue": COMPLIANCE, "expires": KEY_SWEEP_SECONDS},
    }
}
