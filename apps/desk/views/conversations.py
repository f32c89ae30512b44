"""The desk's pages, the parts of them that are fetched later, and what agents do there."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from apps.conversations.errors import ConversationNotFound
from apps.conversations.types import MESSAGE_LIMIT
from apps.core import clock
from apps.desk import forms, services, wire
from apps.desk.selectors import conversations as selectors
from apps.desk.selectors import finding
from apps.desk.types import Deed, ListPage, MessagePage, View
from apps.desk.views.entrance import at_desk, wants_part

if TYPE_CHECKING:
    from apps.accounts.models import Membership

VIEW_LABELS = {
    View.NEEDS_PERSON: "Needs a person",
    View.MINE: "Mine",
    View.AI: "AI is answering",
    View.OPEN: "All open",
    View.CLOSED: "Closed",
}


@require_GET
@at_desk
def desk_page(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Show the desk with one of its lists."""
    return render(request, "desk/desk.html", show_desk(request, member))


@require_GET
@at_desk
def conversation_page(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Show a conversation: only its panes when htmx asks, else the whole desk with it."""
    if wants_part(request):
        return render(request, "desk/_workspace.html", _workspace(member, conversation_id))
    try:
        context = show_desk(request, member) | _workspace(member, conversation_id)
    except ConversationNotFound as error:
        context = show_desk(request, member) | {"problem": error.message}
        return render(request, "desk/desk.html", context, status=error.status)
    return render(request, "desk/desk.html", context)


@require_GET
@at_desk
def conversation_state(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Show the head of a conversation and what stands beside it, as they are now."""
    return render(request, "desk/_state.html", _state(member, conversation_id))


@require_GET
@at_desk
def list_rows(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Return a page of a list."""
    wanted = forms.ListForm(request.GET).parse()
    page = selectors.list_rows(member=member, view=wanted["view"], cursor=wanted["cursor"], limit=wanted["limit"])
    return JsonResponse(_rows(page).model_dump(mode="json"))


@require_GET
@at_desk
def show_counts(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Return how many conversations each list holds."""
    return JsonResponse(selectors.get_counts(member).model_dump(mode="json"))


@require_GET
@at_desk
def list_messages(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Return the messages after one that the window has, or those before one."""
    wanted = forms.MessagesForm(request.GET).parse()
    if wanted["after"] is not None:
        page = selectors.list_newer_messages(conversation_id, after_seq=wanted["after"])
    else:
        page = selectors.list_older_messages(conversation_id, before_seq=wanted["before"])
    return JsonResponse(_messages(page).model_dump(mode="json"))


@require_POST
@at_desk
def search(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Show the conversations and customers that the quick switcher found. By POST: addresses end in logs."""
    form = forms.SearchForm(request.POST)
    text = form.parse()["q"]
    people = finding.find_customers(text=text, identities=form.identities)
    found = {"rows": selectors.search_rows(text), "people": people, "text": text, "me": member.id}
    return render(request, "desk/_found.html", found)


@require_POST
@at_desk
def reply(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Send an agent's reply."""
    sent = forms.ReplyForm(request.POST).parse()
    accepted = services.send_reply(actor=member, conversation_id=conversation_id, now=clock.now(), **sent)
    stored = {"message_id": accepted.message_id, "seq": accepted.seq, "is_new": accepted.is_new}
    return JsonResponse(stored)


@require_POST
@at_desk
def mark_read(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Note how far the conversation has been shown."""
    seq = forms.ReadForm(request.POST).parse()["seq"]
    services.mark_read(member=member, conversation_id=conversation_id, seq=seq)
    return HttpResponse(status=204)


@require_POST
@at_desk
def take(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Make the signed-in agent the owner."""
    seen = forms.ActionForm(request.POST).parse()
    undo = services.take_conversation(actor=member, conversation_id=conversation_id, now=clock.now(), **seen)
    return _done(request, member, conversation_id, "You are answering now.", undo)


@require_POST
@at_desk
def return_to_ai(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Let the AI answer again."""
    seen = forms.ActionForm(request.POST).parse()
    undo = services.return_to_ai(actor=member, conversation_id=conversation_id, now=clock.now(), **seen)
    return _done(request, member, conversation_id, "The AI is answering again.", undo)


@require_POST
@at_desk
def close(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Close the conversation."""
    seen = forms.ActionForm(request.POST).parse()
    undo = services.close_conversation(actor=member, conversation_id=conversation_id, now=clock.now(), **seen)
    return _done(request, member, conversation_id, "Conversation closed.", undo)


@require_POST
@at_desk
def reopen(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Open a closed conversation again."""
    undo = services.reopen_conversation(actor=member, conversation_id=conversation_id, now=clock.now())
    return _done(request, member, conversation_id, "Conversation open again.", undo)


def _done(
    request: HttpRequest, member: "Membership", conversation_id: UUID, text: str, undo: tuple[Deed, ...]
) -> HttpResponse:
    response = render(request, "desk/_state.html", _state(member, conversation_id))
    detail = {"conversation": str(conversation_id), "text": text, "undo": [deed.value for deed in undo]}
    return trigger_client_event(response, "desk:done", detail)


def show_desk(request: HttpRequest, member: "Membership") -> dict[str, Any]:
    """Return what every page of the desk shows, whatever is open in it."""
    counts = selectors.get_counts(member).model_dump(mode="json")
    # Nobody waits for a person: then what is going on is worth more than an empty list.
    view = forms.parse_view(request.GET) or (View.NEEDS_PERSON if counts["needs_person"] else View.OPEN)
    rows = _rows(selectors.list_rows(member=member, view=view))
    shown = {"view": view.value, "counts": counts, "list": rows.model_dump(mode="json")}
    user, organisation = member.user, member.organisation
    return {
        "me": member.id,
        "member": {"name": str(user), "email": user.email, "organisation": organisation.name},
        "view": view.value,
        "view_label": VIEW_LABELS[view],
        "views": [(one.value, label, counts.get(one.name.lower())) for one, label in VIEW_LABELS.items()],
        "message_limit": MESSAGE_LIMIT,
        "boot": shown
        | {"me": {"id": str(member.id), "name": user.get_short_name()}, "assistant": organisation.assistant_name},
    }


def _workspace(member: "Membership", conversation_id: UUID) -> dict[str, Any]:
    messages = _messages(selectors.list_older_messages(conversation_id)).model_dump(mode="json")
    read_seq = selectors.find_read_seq(member=member, conversation_id=conversation_id)
    shown = _state(member, conversation_id) | {"message_limit": MESSAGE_LIMIT}
    return shown | {"timeline": messages | {"read_seq": read_seq}}


def _state(member: "Membership", conversation_id: UUID) -> dict[str, Any]:
    details = selectors.get_details(conversation_id)
    citations = () if details.answer is None else details.answer.citations
    return {
        "details": details,
        "conversation": details.summary,
        "citations": [citation.model_dump(mode="json") for citation in citations],
        "me": member.id,
    }


def _rows(page: ListPage) -> wire.Rows:
    return wire.Rows(rows=page.rows, read=page.read, next=forms.write_cursor(page.next))


def _messages(page: MessagePage) -> wire.Messages:
    return wire.Messages(events=page.events, more=page.more, last_seq=page.last_seq)
