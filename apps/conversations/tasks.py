"""The conversations' door from the queue."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from apps.conversations.services import protecting_past
from apps.customers.errors import CustomerNotFound


@shared_task(name="conversations.protect_messages", queue="bulk")
def protect_messages(**_later: Any) -> None:
    """Protect the messages that an organisation has from before they were."""
    protecting_past.protect_messages()


@shared_task(name="conversations.read_again", queue="bulk")
def read_again(*, customer_id: str, **_later: Any) -> None:
    """Read a person's messages again: what is known of them now is hidden in what they wrote before, too."""
    with suppress(CustomerNotFound):  # erased meanwhile
        protecting_past.read_again(customer_id=UUID(customer_id))
