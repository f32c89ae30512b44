"""The desk's pages, the parts of them that are fetched later, and what agents do there."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from apps.conversations.errors import ConversationNotFound
from apps.conversations.types import MESSAGE_LIMIT
from apps.core import clock, errors, tenancy
from apps.desk import forms, policies, selectors, services, wire
from apps.desk.errors import ChangedMeanwhile, SignInNeeded
from apps.desk.types import Deed, ListPage, MessagePage, View

if TYPE_CHECKING:
    from apps.accounts.models import Membership

P = ParamSpec("P")

VIEW_LABELS = {
    View.NEEDS_PERSON: "Needs a person",
    View.MINE: "Mine",
    View.AI: "AI is answering",
    View.OPEN: "All open",
    View.CLOSED: "Closed",
}


def at_desk(
    view: "Callable[Concatenate[HttpRequest, Membership, P], HttpResponse]",
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let members with a desk role in, within the scope of their organisation; say why to everybody else.

    Pages redirect and explain. What scripts fetch gets ``{"code", "detail"}`` with the right status instead.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            member = policies.access_desk(request.user)
            with tenancy.scope(member.organisation_id):
                response = view(request, member, *args, **kwargs)
        except errors.SuiteError as error:
            response = _refuse(request, error)
        # Customers' words must not stay in a shared computer's cache after sign-out.
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["HX-Request", "Accept"])
        return response

    return guarded


@require_GET
@at_desk
def desk_page(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Show the desk with one of its lists."""
    return render(request, "desk/desk.html", _desk(request, member))


@require_GET
@at_desk
def conversation_page(request: HttpRequest, member: "Membership", conversation_id: UUID) -> HttpResponse:
    """Show a conversation: only its panes when htmx asks, else the whole desk with it."""
    if _wants_part(request):
        return render(request, "desk/_workspace.html", _workspace(member, conversation_id))
    try:
        context = _desk(request, member) | _workspace(member, conversation_id)
    except ConversationNotFound as error:
        context = _desk(request, member) | {"problem": error.message}
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


@require_GET
@at_desk
def search(request: HttpRequest, member: "Membership") -> HttpResponse:
    """Show the conversations that the quick switcher found."""
    text = forms.SearchForm(request.GET).parse()["q"]
    found = {"rows": selectors.search_rows(text), "text": text, "me": member.id}
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


def _desk(request: HttpRequest, member: "Membership") -> dict[str, Any]:
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


def _wants_part(request: HttpRequest) -> bool:
    return bool(request.htmx) and not request.htmx.history_restore_request  # type: ignore[attr-defined]


def _refuse(request: HttpRequest, error: errors.SuiteError) -> HttpResponse:
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    if wants_json or _wants_part(request):
        body: dict[str, Any] = {"code": error.code, "detail": error.message, "retryable": error.retryable}
        if isinstance(error, ChangedMeanwhile):
            body |= {"question": error.question, "owner_version": error.owner_version}
        return JsonResponse(body, status=error.status)
    if isinstance(error, SignInNeeded):
        return redirect_to_login(request.get_full_path())
    if isinstance(error, errors.Forbidden):
        return render(request, "desk/forbidden.html", {"message": error.message}, status=error.status)
    raise error
