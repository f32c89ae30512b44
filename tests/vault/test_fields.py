"""What is assigned comes back; what is stored tells nothing; what was moved or changed is refused."""

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.utils import display_for_field
from django.core import checks
from django.core.exceptions import ValidationError
from django.core.serializers import serialize
from django.db import connection, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.forms import modelform_factory

from apps.core import tenancy
from apps.vault import fields
from apps.vault.errors import (
    CiphertextTampered,
    CiphertextUnknown,
    KeyMissing,
    KeyNotInScope,
    KeyShredded,
    SealedMisused,
    ValueNotText,
    ValueTooLong,
)
from apps.vault.models import DataKey
from apps.vault.services import caching
from apps.vault.services import keys as vault_keys
from apps.vault.types import Sealed
from tests.vault.letters import Card, Letter

Peek = Callable[[models.Model, str], bytes | None]
pytestmark = pytest.mark.usefixtures("letters")
CANARY = "quokka-7731 liebt Grüße"


def _write(organisation_id: UUID, **values: Any) -> Letter:
    letter: Letter = Letter.objects.create(organisation_id=organisation_id, **values)
    return letter


def _store(row: models.Model, column: str, value: bytes | None) -> None:
    with connection.cursor() as cursor:
        statement = f'UPDATE "{row._meta.db_table}" SET "{column}" = %s WHERE id = %s'  # noqa: S608  names of ours
        cursor.execute(statement, [value, row.pk])


# There and back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", CANARY, "\0", "🦘" * 5000, "e\u0301 \u200b\u202e", "(sealed)"])
def test_text_comes_back_as_it_was(alpha: UUID, text: str) -> None:
    letter = _write(alpha, body=text)

    assert letter.body == text
    assert Letter.objects.get(id=letter.id).body == text


@pytest.mark.parametrize("value", [{}, [], 0, False, "", "x", {"ä": [1, None, {"b": 1.5}]}, [CANARY] * 100])
def test_json_comes_back_as_it_was(alpha: UUID, value: object) -> None:
    letter = _write(alpha, facts=value)

    assert Letter.objects.get(id=letter.id).facts == value


def test_nothing_stays_null(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body=None, facts=None)

    assert (peek(letter, "body"), peek(letter, "facts")) == (None, None)
    assert Letter.objects.get(id=letter.id).body is None
    assert Letter.objects.filter(body=None, facts__isnull=True).count() == 1
    assert not DataKey.objects.exists()


def test_what_is_stored_tells_nothing_but_the_key_and_the_length(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body=CANARY)

    stored = peek(letter, "body")
    assert stored is not None
    assert CANARY.encode() not in stored
    assert len(stored) == 1 + 16 + 12 + len(CANARY.encode()) + 16
    assert stored[0] == 1
    assert UUID(bytes=stored[1:17]) == DataKey.objects.get(owner_id=letter.writer_id).id


def test_the_same_text_is_stored_differently_each_time(alpha: UUID, peek: Peek) -> None:
    writer = uuid4()
    first, second = (_write(alpha, writer_id=writer, body=CANARY) for _ in range(2))

    assert peek(first, "body") != peek(second, "body")


def test_a_key_serves_all_rows_of_its_owner_and_no_other(alpha: UUID, peek: Peek) -> None:
    ana = uuid4()
    letters = [_write(alpha, writer_id=writer, body="x") for writer in (ana, ana, uuid4())]

    keys = [(peek(letter, "body") or b"")[1:17] for letter in letters]

    assert keys[0] == keys[1] != keys[2]


def test_the_column_is_binary_and_migrations_stand_alone() -> None:
    for name in ("subject", "body", "facts"):
        field: Any = Letter._meta.get_field(name)
        assert field.db_type(connection) == "bytea"
        assert field.deconstruct()[1:] == ("django.db.models.BinaryField", [], {"null": True})
    scan: Any = Letter._meta.get_field("scan")
    assert scan.deconstruct()[1] == "django.db.models.FileField"


# What Django does with fields ------------------------------------------------------------------------------


def test_saving_an_unchanged_row_leaves_its_ciphertexts_alone(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body=CANARY, subject="s")
    before = peek(letter, "body"), peek(letter, "subject")

    untouched = Letter.objects.get(id=letter.id)
    untouched.save()
    read = Letter.objects.get(id=letter.id)
    assert read.body == CANARY
    read.save()

    assert (peek(letter, "body"), peek(letter, "subject")) == before


def test_json_that_was_changed_in_place_is_saved(alpha: UUID) -> None:
    letter = Letter.objects.get(id=_write(alpha, facts={"a": 1}).id)

    letter.facts["b"] = 2
    letter.save()

    assert Letter.objects.get(id=letter.id).facts == {"a": 1, "b": 2}


def test_update_fields_saves_those_alone(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body="one", subject="one")
    before = peek(letter, "body")

    letter.body, letter.subject = "two", "two"
    letter.save(update_fields=["subject"])

    assert peek(letter, "body") == before
    found = Letter.objects.get(id=letter.id)
    assert (found.body, found.subject) == ("one", "two")


def test_bulk_create_seals_every_row(alpha: UUID, peek: Peek) -> None:
    letters = Letter.objects.bulk_create(
        [Letter(organisation_id=alpha, body=f"{CANARY} {number}") for number in range(5)]
    )

    assert [Letter.objects.get(id=letter.id).body for letter in letters] == [f"{CANARY} {n}" for n in range(5)]
    assert all(CANARY.encode() not in (peek(letter, "body") or b"") for letter in letters)


def test_refreshing_reads_the_value_anew(alpha: UUID) -> None:
    letter = _write(alpha, body="one")
    other = Letter.objects.get(id=letter.id)
    other.body = "two"
    other.save()

    letter.refresh_from_db()

    assert letter.body == "two"


def test_a_deferred_field_is_loaded_and_opened_when_read(alpha: UUID) -> None:
    letter = _write(alpha, body=CANARY)

    deferred = Letter.objects.defer("body").get(id=letter.id)

    assert "body" in deferred.get_deferred_fields()
    assert deferred.body == CANARY


def test_saving_with_a_deferred_field_leaves_it_alone(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body=CANARY)
    before = peek(letter, "body")

    deferred = Letter.objects.only("id", "organisation_id", "stamp").get(id=letter.id)
    deferred.stamp = "new"
    deferred.save()

    assert peek(letter, "body") == before


def test_values_are_sealed(alpha: UUID) -> None:
    _write(alpha, body=CANARY)

    (value,) = Letter.objects.values_list("body", flat=True)

    assert isinstance(value, Sealed)
    assert (repr(value), str(value), f"{value}") == ("(sealed)",) * 3
    with pytest.raises(SealedMisused):
        bool(value)


def test_outside_a_scope_a_field_is_sealed_and_opens_once_inside(alpha: UUID) -> None:
    letter = _write(alpha, body=CANARY)

    with tenancy.everywhere("a test"):
        found = Letter.everywhere.get(id=letter.id)
        outside = found.body

    assert isinstance(outside, Sealed)
    assert found.body == CANARY


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(body="plain"),
        lambda rows: rows.update(body=Value("plain")),
        lambda rows: rows.update(facts={"a": 1}),
        lambda rows: rows.update(body=b"plain"),
        lambda rows: rows.bulk_update([_changed(rows.get())], ["body"]),
        lambda rows: rows.filter(body="plain"),
        lambda rows: rows.filter(body__contains="plain"),
        lambda rows: rows.filter(body__in=["plain"]),
        lambda rows: rows.filter(facts__a=1),
        lambda rows: rows.create(organisation_id=uuid4(), body=Concat(F("stamp"), F("stamp"))),
    ],
)
def test_what_would_store_or_search_in_the_clear_is_refused(
    alpha: UUID, peek: Peek, change: Callable[[models.QuerySet[Letter]], object]
) -> None:
    letter = _write(alpha, body=CANARY, facts=[1])
    before = peek(letter, "body"), peek(letter, "facts")

    with pytest.raises(SealedMisused), transaction.atomic():
        change(Letter.objects.all())

    assert (peek(letter, "body"), peek(letter, "facts")) == before
    assert Letter.objects.count() == 1


def _changed(letter: Letter) -> Letter:
    letter.body = "plain"
    return letter


def test_update_may_clear_a_field(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body=CANARY)

    Letter.objects.update(body=None)

    assert peek(letter, "body") is None


def test_an_instance_shows_and_carries_nothing_in_the_clear(alpha: UUID) -> None:
    letter = Letter.objects.get(id=_write(alpha, body=CANARY, facts=[CANARY]).id)
    assert letter.body == CANARY

    assert CANARY not in repr(letter) + repr(vars(letter)) + str(letter)
    cell = vars(letter)["body"]
    assert CANARY.encode() not in pickle.dumps(cell)
    assert isinstance(pickle.loads(pickle.dumps(cell)), Sealed)  # noqa: S301  made a moment ago
    assert copy.deepcopy(cell).value == CANARY


def test_a_value_never_saved_cannot_be_pickled(alpha: UUID) -> None:
    letter = Letter(organisation_id=alpha, body=CANARY)

    with pytest.raises(SealedMisused):
        pickle.dumps(vars(letter)["body"])


def test_a_copy_under_a_new_id_is_sealed_anew(alpha: UUID) -> None:
    letter = Letter.objects.get(id=_write(alpha, body=CANARY).id)
    assert letter.body == CANARY

    letter.pk = uuid4()
    letter._state.adding = True
    letter.save()

    assert [found.body for found in Letter.objects.all()] == [CANARY, CANARY]


def test_a_sealed_value_is_not_saved_into_another_row(alpha: UUID) -> None:
    letter = Letter.objects.get(id=_write(alpha, body=CANARY).id)

    letter.pk = uuid4()
    letter._state.adding = True
    with pytest.raises(SealedMisused), transaction.atomic():
        letter.save()

    assert Letter.objects.count() == 1


def test_a_sealed_value_is_not_assigned_to_another_row(alpha: UUID) -> None:
    first, second = _write(alpha, body=CANARY), _write(alpha)
    with tenancy.everywhere("a test"):
        sealed = Letter.everywhere.get(id=first.id).body

    with pytest.raises(SealedMisused):
        second.body = sealed

    assert second.body is None


def test_forms_leave_encrypted_fields_out() -> None:
    form = modelform_factory(Letter, fields="__all__")

    assert list(form.base_fields) == ["organisation_id", "writer_id", "stamp"]


def test_validation_looks_at_the_length_in_characters(alpha: UUID) -> None:
    values = {"organisation_id": alpha, "body": "x", "facts": [1], "scan": "x", "stamp": "x"}
    Letter(subject="ü" * 40, **values).full_clean()

    with pytest.raises(ValidationError) as refused:
        Letter(subject="ü" * 41, **values).full_clean()
    assert list(refused.value.message_dict) == ["subject"]
    assert "ü" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"subject": "x" * 41}, ValueTooLong),
        ({"body": "x" * (fields.MOST_CHARACTERS + 1)}, ValueTooLong),
        ({"facts": ["x" * fields.MOST_JSON_BYTES]}, ValueTooLong),
        ({"body": "forlorn \ud800 surrogate"}, ValueNotText),
        ({"facts": ["forlorn \ud800 surrogate"]}, ValueNotText),
        ({"body": b"bytes"}, SealedMisused),
        ({"body": 3}, SealedMisused),
        ({"facts": {"a": object()}}, SealedMisused),
        ({"facts": float("nan")}, SealedMisused),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_by_name(
    alpha: UUID, values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as refused, transaction.atomic():
        _write(alpha, **values)

    shown = "".join(traceback.format_exception(refused.value))
    assert "forlorn" not in shown
    assert "x" * 20 not in shown
    assert Letter.objects.count() == 0


def test_a_model_that_cannot_bind_its_ciphertexts_is_found_by_the_check() -> None:
    class Note(models.Model):  # noqa: DJ008  nobody reads it
        body = fields.EncryptedTextField()

        class Meta:
            app_label = "letters"

    fields.COLUMNS.pop()
    found = [message.id for message in Note.check() if isinstance(message, checks.Error)]

    assert found == ["vault.E001", "vault.E002", "vault.E003"]


def test_an_operators_page_shows_that_there_is_something_and_not_what(alpha: UUID) -> None:
    letter = _write(alpha, body=CANARY)

    with tenancy.everywhere("a test"):
        found = Letter.everywhere.get(id=letter.id)
        shown = display_for_field(found.body, Letter._meta.get_field("body"), "-")

    assert shown == "(sealed)"


def test_a_dump_of_rows_is_refused(alpha: UUID) -> None:
    letter = _write(alpha, body=CANARY)

    with pytest.raises(SealedMisused):
        serialize("json", [letter])


# Refusals --------------------------------------------------------------------------------------------------


def test_every_flipped_bit_is_found(alpha: UUID, peek: Peek) -> None:
    letter = _write(alpha, body="ab")
    stored = peek(letter, "body") or b""
    opened = []

    for bit in range(len(stored) * 8):
        changed = bytearray(stored)
        changed[bit // 8] ^= 1 << bit % 8
        _store(letter, "body", bytes(changed))
        with pytest.raises((CiphertextTampered, CiphertextUnknown, KeyMissing)):
            opened.append(Letter.objects.get(id=letter.id).body)

    assert opened == []


@pytest.mark.parametrize("length", [0, 1, 17, 28, 29, 44, 45])
def test_a_ciphertext_cut_short_is_found(alpha: UUID, peek: Peek, length: int) -> None:
    letter = _write(alpha, body="abc")
    _store(letter, "body", (peek(letter, "body") or b"")[:length])

    with pytest.raises(CiphertextTampered):
        _ = Letter.objects.get(id=letter.id).body


@pytest.mark.parametrize("stored", [b"\x00" * 60, b"\x02" + b"x" * 60, b"plain text in the wrong place, long enough"])
def test_a_form_that_is_not_known_is_named(alpha: UUID, stored: bytes) -> None:
    letter = _write(alpha)
    _store(letter, "body", stored)

    with pytest.raises(CiphertextUnknown):
        _ = Letter.objects.get(id=letter.id).body


def test_a_ciphertext_moved_to_another_row_column_or_table_does_not_open(alpha: UUID, peek: Peek) -> None:
    writer = uuid4()
    letter = _write(alpha, writer_id=writer, body=CANARY)
    stored = peek(letter, "body")
    other = _write(alpha, writer_id=writer, body="x", subject="x")
    card = Card.objects.create(id=letter.id, organisation_id=alpha, writer_id=writer, body="x")

    _store(other, "body", stored)
    _store(letter, "subject", stored)
    _store(card, "body", stored)

    assert Letter.objects.get(id=letter.id).body == CANARY
    for row, name in ((other, "body"), (letter, "subject"), (card, "body")):
        with pytest.raises(CiphertextTampered):
            getattr(type(row).objects.get(id=row.id), name)


def test_a_row_moved_to_another_organisation_does_not_open(alpha: UUID, beta: UUID) -> None:
    letter = _write(alpha, body=CANARY)
    Letter.everywhere.update(organisation_id=beta)

    with tenancy.scope(beta), pytest.raises(KeyNotInScope):
        _ = Letter.objects.get(id=letter.id).body
    with pytest.raises(CiphertextTampered):
        _ = Letter.everywhere.get(id=letter.id).body


@pytest.mark.parametrize("is_warm", [True, False])
def test_the_key_of_another_organisation_is_not_handed_out(alpha: UUID, beta: UUID, is_warm: bool) -> None:
    letter = _write(alpha, body=CANARY)
    caching.cache.clear() if not is_warm else None

    with tenancy.scope(beta), pytest.raises(KeyNotInScope):
        _ = Letter.everywhere.get(id=letter.id).body


def test_a_row_of_another_organisation_is_not_sealed(alpha: UUID, beta: UUID) -> None:
    with pytest.raises(KeyNotInScope), transaction.atomic():
        _write(beta, body=CANARY)

    assert Letter.everywhere.count() == 0


def test_a_key_that_is_not_there_is_named(alpha: UUID) -> None:
    letter = _write(alpha, body=CANARY)
    DataKey.objects.all().delete()
    caching.cache.clear()

    with pytest.raises(KeyMissing):
        _ = Letter.objects.get(id=letter.id).body


# Cost ------------------------------------------------------------------------------------------------------


def test_with_a_warm_cache_a_message_asks_the_vault_nothing(alpha: UUID, keyvault_queries: Any) -> None:
    writer = uuid4()
    _write(alpha, writer_id=writer, body="first")

    with keyvault_queries:
        letter = _write(alpha, writer_id=writer, body=CANARY)
        assert Letter.objects.get(id=letter.id).body == CANARY

    assert len(keyvault_queries) == 0


def test_many_rows_are_opened_with_one_question(alpha: UUID, keyvault_queries: Any) -> None:
    for number in range(20):
        _write(alpha, body=str(number), subject="s")
    caching.cache.clear()

    with keyvault_queries:
        letters = list(Letter.objects.order_by("id"))
        vault_keys.load_keys_of(letters)
        assert [letter.body for letter in letters] == [str(number) for number in range(20)]

    assert len(keyvault_queries) == 1


def test_one_bad_row_does_not_hide_the_others(alpha: UUID, settings: Any) -> None:
    letters = [_write(alpha, body=str(number)) for number in range(5)]
    _store(letters[0], "body", b"never sealed")
    _store(letters[1], "body", b"\x01")
    vault_keys.shred_keys(owner_ids=[letters[2].writer_id])
    DataKey.objects.filter(owner_id=letters[3].writer_id).update(wrapped=b"x" * 60)
    caching.cache.clear()

    found = list(Letter.objects.order_by("id"))
    vault_keys.load_keys_of(found)

    assert found[4].body == "4"
    for row, error in zip(
        found, [CiphertextUnknown, CiphertextTampered, KeyShredded, CiphertextTampered], strict=False
    ):
        with pytest.raises(error):
            _ = row.body
