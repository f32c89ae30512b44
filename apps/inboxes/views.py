"""The hosted chat page."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.inboxes import selectors


@require_GET
def chat_page(request: HttpRequest, inbox_id: UUID) -> HttpResponse:
    """Show the chat of one inbox on a page of its own."""
    inbox = selectors.get_inbox(inbox_id)
    organisation = inbox.organisation
    context = {
        "inbox": {"id": str(inbox.id), "name": inbox.name, "greeting": inbox.greeting or organisation.greeting},
        "organisation": {
            "name": organisation.name,
            "brand_colour": organisation.brand_colour,
            "locale": organisation.locale,
            "assistant_name": organisation.assistant_name,
        },
    }
    return render(request, "inboxes/chat.html", context)
