"""The page of a customer, the dialogs over it, and what agents do there. What they search is sent in the body only."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from apps.conversations.types import Timeline
from apps.core import clock
from apps.customers.errors import CustomerNotFound
from apps.customers.services import merging, suggesting
from apps.desk import forms, policies, services, wire
from apps.desk.selectors import customers as selectors
from apps.desk.selectors import finding
from apps.desk.views.conversations import show_desk
from apps.desk.views.entrance import at_desk, wants_part

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.customers.models import Merge


@require_GET
@at_desk
def customer_page(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Show a customer: only their panes when htmx asks, else the whole desk with them."""
    if wants_part(request):
        return render(request, "desk/_customer.html", _customer(customer_id))
    try:
        context = show_desk(request, member) | _customer(customer_id)
    except CustomerNotFound as error:
        context = show_desk(request, member) | {"problem": error.message}
        return render(request, "desk/desk.html", context, status=error.status)
    return render(request, "desk/desk.html", context)


@require_GET
@at_desk
def customer_state(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Show who a customer is, as it is known now."""
    page = selectors.get_customer_page(customer_id)
    return render(request, "desk/_customer_state.html", {"page": page, "profile": page.profile})


@require_GET
@at_desk
def list_timeline(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Return a page of what happened with a customer."""
    cursor = forms.TimelineForm(request.GET).parse()["cursor"]
    timeline = selectors.list_timeline(customer_id, before=cursor)
    return JsonResponse(_timeline(timeline).model_dump(mode="json"))


@require_POST
@at_desk
def find(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Show customers who may be the same person."""
    form = forms.SearchForm(request.POST)
    text = form.parse()["q"]
    found = finding.find_customers(text=text, identities=form.identities, besides=customer_id)
    return render(request, "desk/_customers_found.html", {"found": found, "text": text, "customer_id": customer_id})


@require_GET
@at_desk
def show_entry(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Ask for an identity or a name of a customer."""
    return render(request, "desk/_customer_entry.html", {"profile": selectors.get_customer_profile(customer_id)})


@require_POST
@at_desk
def enter(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Record an identity or a name of a customer."""
    policies.check_joining(member)
    form = forms.EntryForm(request.POST)
    form.parse()
    services.describe_customer(customer_id=customer_id, identities=form.identities, facts=form.facts, now=clock.now())
    return _done("Noted as said by an agent, not verified.")


@require_POST
@at_desk
def withdraw(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Take back what an agent has entered."""
    policies.check_joining(member)
    form = forms.EntryForm(request.POST)
    form.parse()
    services.withdraw_claim(customer_id=customer_id, identities=form.identities, facts=form.facts)
    return _done("Removed.")


@require_GET
@at_desk
def choose(request: HttpRequest, member: "Membership", customer_id: UUID) -> HttpResponse:
    """Ask with whom a customer is to be joined."""
    return render(request, "desk/_join_choose.html", {"profile": selectors.get_customer_profile(customer_id)})


@require_GET
@at_desk
def compare(request: HttpRequest, member: "Membership", customer_id: UUID, other_id: UUID) -> HttpResponse:
    """Show what joining two customers would do."""
    preview = selectors.preview_join(customer_id=customer_id, other_id=other_id)
    return render(request, "desk/_join_preview.html", {"preview": preview})


@require_POST
@at_desk
def join(request: HttpRequest, member: "Membership", customer_id: UUID, other_id: UUID) -> HttpResponse:
    """Take two customers for one person."""
    policies.check_joining(member)
    merge = merging.merge_customers(first_id=customer_id, second_id=other_id, actor=member, now=clock.now())
    return _joined(merge)


@require_POST
@at_desk
def accept(request: HttpRequest, member: "Membership", suggestion_id: UUID) -> HttpResponse:
    """Join two customers as was suggested."""
    policies.check_joining(member)
    return _joined(suggesting.accept_suggestion(suggestion_id=suggestion_id, actor=member, now=clock.now()))


@require_POST
@at_desk
def dismiss(request: HttpRequest, member: "Membership", suggestion_id: UUID) -> HttpResponse:
    """Keep two customers apart."""
    policies.check_joining(member)
    suggesting.dismiss_suggestion(suggestion_id=suggestion_id, actor=member, now=clock.now())
    return _done("Kept apart. This will not be suggested again.")


@require_GET
@at_desk
def show_merge(request: HttpRequest, member: "Membership", customer_id: UUID, merge_id: UUID) -> HttpResponse:
    """Show what undoing a join takes apart."""
    preview = selectors.preview_undo(customer_id=customer_id, merge_id=merge_id)
    context = {"preview": preview, "groups": (preview.first, preview.second), "customer_id": customer_id}
    return render(request, "desk/_undo_preview.html", context)


@require_POST
@at_desk
def undo(request: HttpRequest, member: "Membership", customer_id: UUID, merge_id: UUID) -> HttpResponse:
    """Take a join of this customer's family back."""
    policies.check_joining(member)
    services.undo_join(actor=member, customer_id=customer_id, merge_id=merge_id, now=clock.now())
    return _done("Two people again. Nothing was lost.")


def _joined(merge: "Merge") -> HttpResponse:
    undo = reverse("desk:undo-merge", args=[merge.low_id, merge.id])
    return _done("Joined: one person, one timeline.", undo=undo)


def _done(text: str, *, undo: str = "") -> HttpResponse:
    return trigger_client_event(HttpResponse(status=204), "customer:done", {"text": text, "undo": undo})


def _customer(customer_id: UUID) -> dict[str, Any]:
    page = selectors.get_customer_page(customer_id)
    timeline = _timeline(selectors.list_timeline(customer_id))
    return {"page": page, "profile": page.profile, "customer_timeline": timeline.model_dump(mode="json")}


def _timeline(timeline: Timeline) -> wire.CustomerTimeline:
    return wire.CustomerTimeline(entries=timeline.entries, next=forms.write_cursor(timeline.next))
