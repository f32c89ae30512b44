"""Whatever is merged, undone, said and written in whatever order: nothing is lost, and an undo is exact.

A model of sets and pairs does the same beside the services; after every step the two agree.
"""

from itertools import combinations
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from apps.conversations.models import Conversation, Message
from apps.conversations.services import receiving
from apps.conversations.types import Channel
from apps.core import tenancy
from apps.customers import selectors
from apps.customers.errors import AlreadyMerged, MergeAlreadyUndone, SomebodyElse
from apps.customers.models import Customer, Identity, Merge
from apps.customers.services import merging
from apps.customers.types import Level
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

MOST_CUSTOMERS = 7
NUMBERS = st.integers(min_value=0, max_value=1000)


class Model:
    """What ought to be: edges between customers, and what belongs to whom."""

    def __init__(self) -> None:
        self.customers: list[UUID] = []
        self.edges: dict[UUID, tuple[UUID, UUID]] = {}
        self.undone: set[UUID] = set()
        self.identities: set[tuple[UUID, str, str]] = set()
        self.verified: set[tuple[UUID, str, str]] = set()
        self.messages: dict[UUID, UUID] = {}

    def family_of(self, customer_id: UUID) -> frozenset[UUID]:
        family = {customer_id}
        for _ in self.customers:
            family |= {end for edge in self.edges.values() if family & set(edge) for end in edge}
        return frozenset(family)


class Sequences(RuleBasedStateMachine):
    """Random steps on one organisation, rolled back at the end."""

    inbox: "Inbox"

    def __init__(self) -> None:
        super().__init__()
        self.stack = transaction.atomic()
        self.stack.__enter__()
        self.model = Model()
        self.conversations: dict[UUID, UUID] = {}
        self.owners_before: dict[UUID, UUID] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.stack.__exit__(None, None, None)

    def _pick(self, number: int) -> UUID:
        return self.model.customers[number % len(self.model.customers)]

    @precondition(lambda self: len(self.model.customers) < MOST_CUSTOMERS)
    @rule()
    def a_visitor_comes(self) -> None:
        customer = make_customer()
        self.model.customers.append(customer.id)
        started = receiving.start_conversation(inbox_id=self.inbox.id, channel=Channel.WEB, customer=customer, now=NOON)
        self.conversations[customer.id] = started.id

    @precondition(lambda self: self.model.customers)
    @rule(who=NUMBERS)
    def somebody_writes(self, who: int) -> None:
        customer_id = self._pick(who)
        accepted = receiving.receive_message(
            conversation_id=self.conversations[customer_id],
            client_id=uuid4(),
            text=f"Message {len(self.model.messages)}",
            now=NOON,
            wants_answer=False,
        )
        self.model.messages[accepted.message_id] = customer_id

    @precondition(lambda self: len(self.model.customers) > 1)
    @rule(one=NUMBERS, other=NUMBERS)
    def somebody_merges(self, one: int, other: int) -> None:
        first, second = self._pick(one), self._pick(other)
        if second in self.model.family_of(first):
            with pytest.raises(AlreadyMerged):
                merging.merge_customers(first_id=first, second_id=second, actor=None, now=NOON)
        else:
            merge = merging.merge_customers(first_id=first, second_id=second, actor=None, now=NOON)
            self.model.edges[merge.id] = (first, second)

    @precondition(lambda self: self.model.edges or self.model.undone)
    @rule(which=NUMBERS)
    def somebody_undoes(self, which: int) -> None:
        every = sorted({*self.model.edges, *self.model.undone})
        merge_id = every[which % len(every)]
        if merge_id in self.model.undone:
            with pytest.raises(MergeAlreadyUndone):
                merging.undo_merge(merge_id=merge_id, actor=None, now=NOON)
            return
        family = self.model.family_of(self.model.edges[merge_id][0])
        ends = self.model.edges.pop(merge_id)
        self.model.undone.add(merge_id)
        merging.undo_merge(merge_id=merge_id, actor=None, now=NOON)
        one, other = (self.model.family_of(end) for end in ends)
        assert one | other == family
        assert not one & other

    @precondition(lambda self: self.model.customers)
    @rule(
        who=NUMBERS,
        external=st.sampled_from(["", "u-1", "u-2"]),
        email=st.sampled_from(["", "a@example.com", "b@example.com"]),
        level=st.sampled_from(list(Level)),
    )
    def somebody_is_introduced(self, who: int, external: str, email: str, level: Level) -> None:
        customer_id = self._pick(who)
        before = {one: self.model.family_of(one) for one in self.model.customers}
        introduction = introduce(external_id=external or None, email=email or None, level=level)
        verified = {
            value
            for member, kind, value in self.model.verified
            if kind == "external_id" and member in before[customer_id]
        }
        if level is Level.VERIFIED and external and verified and external not in verified:
            with pytest.raises(SomebodyElse):
                identify(customer_id, introduction)
            return
        identified = identify(customer_id, introduction)
        for kind, value in (("external_id", external), ("email", email)):
            said = {(customer_id, kind, value)} if value else set()
            self.model.identities |= said
            self.model.verified |= said if level is Level.VERIFIED else set()
        for merge in Merge.objects.filter(id__in=identified.merge_ids):
            assert level is Level.VERIFIED
            assert before[merge.low_id] != before[merge.high_id]
            self.model.edges[merge.id] = (merge.low_id, merge.high_id)

    @invariant()
    def roots_follow_from_the_edges(self) -> None:
        stored = dict(Customer.objects.filter(id__in=self.model.customers).values_list("id", "root_id"))
        families = {one: self.model.family_of(one) for one in self.model.customers}
        assert stored == {one: min(family) if len(family) > 1 else None for one, family in families.items()}

    @invariant()
    def edges_form_a_forest(self) -> None:
        stored = {row.id: {row.low_id, row.high_id} for row in Merge.objects.filter(undone_at=None)}
        assert stored == {merge_id: set(ends) for merge_id, ends in self.model.edges.items()}
        families = {self.model.family_of(one) for one in self.model.customers}
        assert len(self.model.edges) == len(self.model.customers) - len(families)

    @invariant()
    def nothing_is_moved_and_nothing_is_lost(self) -> None:
        rows = Identity.objects.filter(customer_id__in=self.model.customers)
        assert {(row.customer_id, row.kind, row.value) for row in rows} == self.model.identities
        assert {row.key_owner_id for row in rows} == {customer_id for customer_id, _, _ in self.model.identities}
        stored = Conversation.objects.filter(customer_id__in=self.model.customers).values_list("customer_id", "id")
        assert dict(stored) == self.conversations
        texts = Message.objects.filter(conversation_id__in=self.conversations.values(), kind="text")
        owners = dict(texts.values_list("id", "conversation__customer_id"))
        assert owners == self.model.messages

    @invariant()
    def the_timeline_is_the_union_of_the_family(self) -> None:
        for one in self.model.customers:
            family = selectors.list_family(Customer.objects.get(id=one))
            found = set(Conversation.objects.filter(customer__in=family).values_list("id", flat=True))
            assert found == {self.conversations[member] for member in self.model.family_of(one)}

    @invariant()
    def external_ids_meet_only_where_people_let_them(self) -> None:
        # Also where they have undone it: what was said meanwhile stays with whom it was said of.
        by_people = set(Merge.objects.filter(reason="staff").values_list("low_id", "high_id"))
        verified = Identity.objects.filter(kind="external_id", level=3, customer_id__in=self.model.customers)
        owners = [(row.customer_id, bytes(row.blind_index)) for row in verified]
        for (one, mine), (other, theirs) in combinations(owners, 2):
            if one != other and mine != theirs and other in self.model.family_of(one):
                family = self.model.family_of(one)
                assert any(low in family or high in family for low, high in by_people)


# With transactions of its own: the vault ends one in which nothing is asked for some seconds, as a test's would be.
@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_every_undo_is_exact(in_acme: "Organisation", inbox: "Inbox") -> None:
    machine: Any = type("Machine", (Sequences,), {"inbox": inbox})

    with tenancy.scope(in_acme.id):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=25,
                deadline=None,
                # A failing sequence is short enough to be read, and shrinking it takes minutes.
                phases=(Phase.explicit, Phase.reuse, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
