"""What does the vault do by the clock?"""

from celery import shared_task

from apps.core import clock
from apps.vault.services import sweeping


@shared_task(name="vault.sweep_unused_keys", acks_late=False)
def sweep_unused_keys(**_later: object) -> None:
    """Delete keys that nobody came to use."""
    sweeping.sweep_unused(now=clock.now())
