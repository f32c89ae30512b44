"""What follows when somebody says who a customer is."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.customers import selectors
from apps.customers.errors import CustomerNotFound, SomebodyElse, TooManyIdentities
from apps.customers.models import Customer, Fact, Identity, Merge, MergeSuggestion
from apps.customers.services import identifying, merging, suggesting
from apps.customers.types import Introduction, Level, Reason
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation

WRITING = ("INSERT", "UPDATE", "DELETE")


def roots(*customers: Customer) -> list[object]:
    return [Customer.objects.get(id=customer.id).root_id for customer in customers]


def test_what_is_said_of_a_customer_is_kept_under_their_key(in_acme: "Organisation") -> None:
    vera = make_customer()

    identified = identify(vera.id, introduce(external_id="u-1", email="Vera@Example.com", name="Vera Wood"))

    stored = Customer.objects.get(id=vera.id)
    assert (stored.name, stored.display_name, stored.identified_at) == ("Vera Wood", "Vera Wood", NOON)
    assert [(one.kind.value, one.value, one.level) for one in selectors.list_identities(stored)] == [
        ("email", "vera@example.com", Level.VERIFIED),
        ("external_id", "u-1", Level.VERIFIED),
    ]
    assert (identified.is_changed, identified.merge_ids, identified.suggestion_ids) == (True, (), ())


def test_nothing_that_was_said_stands_in_the_database_in_the_clear(in_acme: "Organisation") -> None:
    vera = make_customer()

    identify(vera.id, introduce(external_id="external-4711", email="vera@example.com", name="Vera Wood"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM customers_identity UNION ALL SELECT value FROM customers_fact")
        stored = [bytes(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT name FROM customers_customer WHERE id = %s", [vera.id])
        stored.append(bytes(cursor.fetchone()[0]))
    assert len(stored) == 4
    assert [one for one in stored if b"vera" in one.lower() or b"4711" in one] == []


def test_the_same_introduction_again_writes_nothing(in_acme: "Organisation") -> None:
    vera = make_customer()
    introduction = introduce(external_id="u-1", email="vera@example.com", phone="+442079460018", name="Vera")
    identify(vera.id, introduction)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        again = identify(vera.id, introduction, now=NOON + timedelta(hours=24))

    assert again.is_changed is False
    assert [one["sql"] for one in queries if one["sql"].startswith(WRITING) or "FOR NO KEY" in one["sql"]] == []


def test_being_seen_again_is_noted_after_a_day(in_acme: "Organisation") -> None:
    vera = make_customer()
    identify(vera.id, introduce(external_id="u-1"))

    later = NOON + timedelta(hours=26)
    identify(vera.id, introduce(external_id="u-1"), now=later)

    row = Identity.objects.get()
    assert (row.first_seen_at, row.last_seen_at) == (NOON, later)


def test_a_level_rises_and_never_falls(in_acme: "Organisation") -> None:
    vera = make_customer()
    levels = []
    for level in (Level.CLAIMED, Level.VERIFIED, Level.OBSERVED):
        identify(vera.id, introduce(email="vera@example.com", level=level, source=level.name.lower()))
        levels.append(Identity.objects.get().level)

    assert levels == [1, 3, 3]
    assert Identity.objects.get().source == "verified"


# Joining ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity", [{"external_id": "u-1"}, {"email": "v@example.com"}, {"phone": "+442079460018"}])
def test_equal_verified_identities_join(in_acme: "Organisation", identity: dict[str, Any]) -> None:
    known, anonymous = make_customer(), make_customer()
    identify(known.id, introduce(**identity))

    identified = identify(anonymous.id, introduce(**identity))

    assert roots(known, anonymous) == [known.id, known.id]
    assert [merge.id for merge in Merge.objects.all()] == list(identified.merge_ids)
    assert Identity.objects.filter(customer=anonymous).count() == 1


@pytest.mark.parametrize(
    "levels",
    [
        (Level.VERIFIED, Level.CLAIMED),
        (Level.CLAIMED, Level.VERIFIED),
        (Level.OBSERVED, Level.VERIFIED),
        (Level.CLAIMED, Level.CLAIMED),
    ],
)
def test_what_is_not_verified_on_both_sides_is_only_suggested(
    in_acme: "Organisation", levels: tuple[Level, Level]
) -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com", level=levels[0]))

    identified = identify(second.id, introduce(email="v@example.com", level=levels[1]))

    suggestion = MergeSuggestion.objects.get()
    assert roots(first, second) == [None, None]
    assert identified.suggestion_ids == (suggestion.id,)
    assert (suggestion.low_id, suggestion.high_id, suggestion.reason) == (first.id, second.id, "same_email")


def test_a_level_that_rises_joins_what_was_suggested(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com"))
    identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED))

    identify(second.id, introduce(email="v@example.com"))

    assert roots(first, second) == [first.id, first.id]
    assert selectors.list_suggestions() == []


def test_two_verified_external_ids_are_never_joined_by_themselves(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1", email="family@example.com"))

    identified = identify(second.id, introduce(external_id="u-2", email="family@example.com"))

    assert roots(first, second) == [None, None]
    assert len(identified.suggestion_ids) == 1


def test_a_person_with_an_external_id_gets_no_second_one(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    for one in (first, second):
        identify(one.id, introduce(email="v@example.com"))
    identify(first.id, introduce(external_id="u-1"))

    with pytest.raises(SomebodyElse):
        identify(second.id, introduce(external_id="u-2", name="Veronica"))

    assert (Identity.objects.filter(kind="external_id").count(), Fact.objects.count()) == (1, 0)


def test_external_ids_keep_apart_through_a_third_customer(in_acme: "Organisation") -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1", email="a@example.com"))
    identify(second.id, introduce(external_id="u-2", phone="+442079460018"))

    identify(third.id, introduce(email="a@example.com", phone="+442079460018"))

    assert roots(first, second, third) == [first.id, None, first.id]
    assert MergeSuggestion.objects.get().reason == "same_phone"


def test_a_new_customer_joins_two_families_through_two_identities(in_acme: "Organisation") -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    identify(first.id, introduce(email="a@example.com"))
    identify(second.id, introduce(phone="+442079460018"))

    identify(third.id, introduce(email="a@example.com", phone="+442079460018"))

    assert roots(first, second, third) == [first.id] * 3
    assert Merge.objects.count() == 2


# People decide ----------------------------------------------------------------------------------------------


def test_the_same_evidence_is_suggested_once(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com", level=Level.CLAIMED))
    for hours in (0, 26, 52):
        identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED), now=NOON + timedelta(hours=hours))

    assert MergeSuggestion.objects.count() == 1


def test_a_dismissed_suggestion_stays_dismissed_until_something_else_speaks_for_it(
    in_acme: "Organisation", ana: "Membership"
) -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com", phone="+442079460018"))
    identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED))
    suggesting.dismiss_suggestion(suggestion_id=MergeSuggestion.objects.get().id, actor=ana, now=NOON)

    identify(second.id, introduce(email="v@example.com"))
    after_the_same = MergeSuggestion.objects.filter(state="open").count()
    identify(second.id, introduce(phone="+442079460018"))

    assert after_the_same == 0
    assert roots(first, second) == [None, None]
    assert MergeSuggestion.objects.get(state="open").reason == "same_phone"


def test_what_people_have_parted_is_not_joined_again_by_the_same_evidence(
    in_acme: "Organisation", ana: "Membership"
) -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1"))
    (merge_id,) = identify(second.id, introduce(external_id="u-1")).merge_ids
    merging.undo_merge(merge_id=merge_id, actor=ana, now=NOON)

    again = identify(second.id, introduce(external_id="u-1"), now=NOON + timedelta(days=2))

    assert (again.merge_ids, again.suggestion_ids) == ((), ())
    assert roots(first, second) == [None, None]


def test_an_accepted_suggestion_merges_with_its_reason(in_acme: "Organisation", ana: "Membership") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1", email="v@example.com"))
    (suggestion_id,) = identify(second.id, introduce(external_id="u-2", email="v@example.com")).suggestion_ids

    merge = suggesting.accept_suggestion(suggestion_id=suggestion_id, actor=ana, now=NOON)

    assert roots(first, second) == [first.id, first.id]
    assert (merge.reason, merge.merged_by_id) == (Reason.SAME_EMAIL.value, ana.id)
    assert MergeSuggestion.objects.get().state == "accepted"


# Refusals ---------------------------------------------------------------------------------------------------


def test_too_much_at_once_is_refused_and_nothing_of_it_kept(in_acme: "Organisation") -> None:
    vera = make_customer()
    facts = tuple((f"fact{number}", "x") for number in range(21))

    with pytest.raises(TooManyIdentities):
        identify(vera.id, Introduction("import", (), facts))

    assert (Fact.objects.count(), Customer.objects.get().identified_at) == (0, None)


def test_a_customer_gathers_only_so_many_facts(in_acme: "Organisation") -> None:
    vera = make_customer()
    for number in range(10):
        identify(vera.id, Introduction("import", (), tuple((f"f{number}.k{one}", "x") for one in range(20))))

    with pytest.raises(TooManyIdentities):
        identify(vera.id, introduce(external_id="u-1", name="One too many"))

    assert (Fact.objects.count(), Identity.objects.count(), Customer.objects.get().name) == (200, 0, None)


def test_nobody_is_identified_who_does_not_exist(in_acme: "Organisation") -> None:
    with pytest.raises(CustomerNotFound):
        identify(uuid7(), introduce(external_id="u-1"))

    assert Identity.objects.count() == 0


# Resolving --------------------------------------------------------------------------------------------------


def test_a_known_external_id_is_the_customer_it_was_last_seen_with(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1"))
    identify(second.id, introduce(external_id="u-1"), now=NOON + timedelta(minutes=1))

    resolved = identifying.resolve_customer(introduction=introduce(external_id="u-1"), now=NOON)

    assert resolved.id == second.id
    assert Customer.objects.count() == 2


def test_a_newcomer_becomes_a_customer(in_acme: "Organisation") -> None:
    resolved = identifying.resolve_customer(introduction=introduce(external_id="u-1", name="Vera"), now=NOON)

    assert (resolved.name, resolved.root_id) == ("Vera", None)
    assert Customer.objects.get().id == resolved.id


def test_a_claimed_external_id_finds_nobody(in_acme: "Organisation") -> None:
    vera = make_customer()
    identify(vera.id, introduce(external_id="u-1"))

    claimed = introduce(external_id="u-1", level=Level.CLAIMED)
    resolved = identifying.resolve_customer(introduction=claimed, now=NOON)

    assert resolved.id != vera.id
    assert roots(vera, resolved) == [None, None]


# Tenants ----------------------------------------------------------------------------------------------------


def test_two_organisations_with_the_same_people_never_touch(acme: "Organisation", orbis: "Organisation") -> None:
    introduction = introduce(external_id="u-1", email="v@example.com", phone="+442079460018", name="Vera")
    resolved = []
    for organisation in (acme, orbis, acme, orbis):
        with tenancy.scope(organisation.id):
            resolved.append(identifying.resolve_customer(introduction=introduction, now=NOON))

    indexes = {}
    for organisation in (acme, orbis):
        with tenancy.scope(organisation.id):
            indexes[organisation.id] = {bytes(row.blind_index) for row in Identity.objects.all()}
            assert (Customer.objects.count(), Merge.objects.count(), MergeSuggestion.objects.count()) == (1, 0, 0)
    assert resolved[0].id == resolved[2].id != resolved[1].id == resolved[3].id
    assert indexes[acme.id] & indexes[orbis.id] == set()
