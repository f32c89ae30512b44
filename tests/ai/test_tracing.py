"""Traces from before are encrypted, batch by batch, once."""

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from apps.ai.models import Run
from apps.ai.services import tracing
from apps.vault.errors import VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import start_conversation

if TYPE_CHECKING:
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")


def run_of(inbox: "Inbox", number: int) -> Run:
    conversation = start_conversation(inbox)
    return Run.objects.create(
        organisation_id=inbox.organisation_id,
        conversation=conversation,
        question_seq=1,
        owner_version=1,
        plain_trace={"epoch": number},
    )


def stored() -> list[tuple[object, object]]:
    return [(run.plain_trace, run.trace) for run in Run.objects.order_by("id")]


def test_old_traces_are_encrypted_batch_by_batch(inbox: "Inbox", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "BATCH", 2)
    for number in range(5):
        run_of(inbox, number)

    done = tracing.seal_traces()

    assert done == 5
    assert stored() == [({}, {"epoch": number}) for number in range(5)]
    assert tracing.seal_traces() == 0


def test_of_whoever_was_erased_no_trace_is_kept(inbox: "Inbox") -> None:
    vault.erase(run_of(inbox, 1).conversation)

    assert tracing.seal_traces() == 1
    assert stored() == [({}, None)]


def test_while_the_vault_is_away_traces_stay_as_they_are(inbox: "Inbox") -> None:
    run_of(inbox, 1)

    with vault.away(), pytest.raises(VaultUnavailable):
        tracing.seal_traces()

    assert stored() == [({"epoch": 1}, None)]


def test_the_command_goes_through_the_organisations(inbox: "Inbox") -> None:
    run_of(inbox, 1)
    said, again = StringIO(), StringIO()

    call_command("seal_traces", stdout=said)
    call_command("seal_traces", stdout=again)

    assert said.getvalue() == f"{inbox.organisation_id}: 1 traces sealed\n"
    assert again.getvalue() == ""
