"""What happens by the clock? All of it, on one screen."""

from typing import Any

from worker.queues import QUEUES

# No app is imported here: Celery reads this file before Django is set up.
SWEEP_SECONDS = 5.0
PULSE_SECONDS = 15.0

SCHEDULE: dict[str, dict[str, Any]] = {
    "ring-due-jobs": {
        "task": "worker.ring_due_jobs",
        "schedule": SWEEP_SECONDS,
        # A sweep that waited longer than the next one is pointless.
        "options": {"expires": SWEEP_SECONDS},
    },
    **{
        f"pulse-{queue.name}": {
            "task": "worker.pulse",
            "schedule": PULSE_SECONDS,
            "kwargs": {"queue": queue.name},
            "options": {"queue": queue.name, "expires": PULSE_SECONDS},
        }
        for queue in QUEUES
    },
}
