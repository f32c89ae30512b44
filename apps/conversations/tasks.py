"""The conversations' door from the queue."""

from typing import Any

from celery import shared_task

from apps.conversations.services import protecting_past


@shared_task(name="conversations.protect_messages", queue="bulk")
def protect_messages(**_later: Any) -> None:
    """Protect the messages that an organisation has from before they were."""
    protecting_past.protect_messages()
