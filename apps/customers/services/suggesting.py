"""What do people decide about two customers who may be one person? ``identifying`` asks them."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.customers.errors import SuggestionDecided, SuggestionNotFound
from apps.customers.models import Merge, MergeSuggestion
from apps.customers.services import locking, merging
from apps.customers.types import Reason, SuggestionState

if TYPE_CHECKING:
    from apps.accounts.models import Membership


@transaction.atomic
def accept_suggestion(*, suggestion_id: UUID, actor: "Membership", now: datetime) -> Merge:
    """Merge what was suggested.

    Raises ``SuggestionNotFound``, ``SuggestionDecided``, and what ``merge_customers`` raises.
    """
    roots = _lock_ends(suggestion_id)
    suggestion = _decide(suggestion_id, SuggestionState.ACCEPTED, actor, now)
    return merging.join_locked(
        first_id=suggestion.low_id,
        second_id=suggestion.high_id,
        roots=roots,
        reason=Reason(suggestion.reason),
        evidence=bytes(suggestion.evidence),
        actor=actor,
        now=now,
    )


@transaction.atomic
def dismiss_suggestion(*, suggestion_id: UUID, actor: "Membership", now: datetime) -> None:
    """Keep the two apart until something else speaks for it.

    Raises ``SuggestionNotFound``, ``SuggestionDecided``, ``Contended``.
    """
    _lock_ends(suggestion_id)
    _decide(suggestion_id, SuggestionState.DISMISSED, actor, now)


def _lock_ends(suggestion_id: UUID) -> dict[UUID, UUID]:
    """Lock both families, as everybody before the suggestion; return their roots. Raises ``SuggestionNotFound``."""
    ends = MergeSuggestion.objects.filter(id=suggestion_id).values_list("low_id", "high_id").first()
    if ends is None:
        raise SuggestionNotFound
    return locking.lock_families(customer_ids=ends)


def _decide(suggestion_id: UUID, state: SuggestionState, actor: "Membership", now: datetime) -> MergeSuggestion:
    waiting = MergeSuggestion.objects.filter(id=suggestion_id, state=SuggestionState.OPEN.value)
    decided = waiting.update(state=state.value, decided_by=actor, decided_at=now)
    suggestion = MergeSuggestion.objects.filter(id=suggestion_id).first()
    if suggestion is None:
        raise SuggestionNotFound
    if decided == 0:
        raise SuggestionDecided
    return suggestion
