"""Operators see what is under which key and what cannot be read, and nothing else."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apps.core import tenancy
from apps.vault.services import keys as vault_keys
from apps.vault.services import reporting, rotating
from apps.vault.services.reporting import ColumnReport
from tests.vault.letters import Letter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letters")]
CANARY = "canary-of-vera-8817"


def _column(name: str, **options: Any) -> ColumnReport:
    coverage = reporting.report_coverage(**options)
    (found,) = [one for one in coverage.columns if (one.table, one.column) == ("letters_letter", name)]
    return found


def test_keys_are_counted_by_root_key_and_organisation(alpha: UUID, beta: UUID, settings: Any) -> None:
    owner_ids = [uuid4() for _ in range(3)]
    vault_keys.get_keys(owner_ids=owner_ids)
    vault_keys.shred_keys(owner_ids=owner_ids[:1])
    settings.VAULT_ROOT_KEYS = {2: bytes(range(1, 33)), **settings.VAULT_ROOT_KEYS}
    with tenancy.scope(beta):
        vault_keys.get_key(owner_id=uuid4())

    coverage = reporting.report_coverage()

    assert coverage.live_by_root == {1: 2, 2: 1}
    assert {(one.organisation_id, one.live, one.shredded) for one in coverage.organisations} == {
        (alpha, 2, 1),
        (beta, 1, 0),
    }
    rotating.rotate_keys()
    assert reporting.report_coverage().live_by_root == {2: 3}


def test_rows_are_counted_by_their_state(alpha: UUID, beta: UUID) -> None:
    letters = [Letter.objects.create(organisation_id=alpha, body=f"{n}") for n in range(4)]
    Letter.objects.create(organisation_id=alpha)
    with tenancy.scope(beta):
        Letter.objects.create(organisation_id=beta, body="x")
    vault_keys.shred_keys(owner_ids=[letters[0].writer_id])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE letters_letter SET body = 'never sealed' WHERE id = %s", [letters[1].id])
        cursor.execute("UPDATE letters_letter SET body = body || 'x' WHERE id = %s", [letters[2].id])

    body = _column("body")

    assert (body.encrypted, body.empty, body.sampled, body.shredded) == (5, 1, 5, 1)
    assert body.undecryptable == {"vault.ciphertext_unknown": 1, "vault.ciphertext_tampered": 1}


def test_a_sample_is_of_the_oldest_and_the_newest_rows(alpha: UUID) -> None:
    letters = [Letter.objects.create(organisation_id=alpha, body=f"{n}") for n in range(10)]
    vault_keys.shred_keys(owner_ids=[letters[0].writer_id, letters[5].writer_id, letters[9].writer_id])

    body = _column("body", sample=4)

    assert (body.encrypted, body.sampled, body.shredded) == (10, 4, 2)


def test_the_report_shows_counts_alone(alpha: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    Letter.objects.create(organisation_id=alpha, body=CANARY, facts=[CANARY])

    call_command("report_keys")

    shown = capsys.readouterr().out
    assert "       1  wraps 1 keys" in shown
    assert f"  {alpha}  1 keys, 0 shredded" in shown
    assert "letters_letter.body" in shown
    assert "1 encrypted, 0 empty; of 1 sampled 0 shredded, 0 unreadable" in shown
    assert CANARY not in shown


def test_unreadable_values_end_the_report_with_a_failure(alpha: UUID) -> None:
    letter = Letter.objects.create(organisation_id=alpha, body=CANARY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE letters_letter SET body = body || 'x' WHERE id = %s", [letter.id])

    with pytest.raises(CommandError, match="1 sampled values cannot be read"):
        call_command("report_keys")
