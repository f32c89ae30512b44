"""The check of the data map: every way to leave something out or to fudge it fails, in words that say what to do."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import models

from apps.core.datamap import (
    AboutNobody,
    AboutStaff,
    Anywhere,
    Category,
    DataMap,
    Erase,
    Field,
    IsSubject,
    Keep,
    Located,
    LooseId,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
    Via,
    Withheld,
)
from apps.core.tenancy import TenantManager
from apps.privacy import checks
from apps.privacy.checks import reasons
from apps.vault import fields as vault_fields
from tests.privacy import scratch
from tests.privacy.scratch import NOTE, PERSON, find, tell

ROOT = Path(__file__).resolve().parents[2]
GOOD = "Chosen by lot and known to nobody outside."
NOBODY = AboutNobody("Counts the weather of each day, without places or persons.")
PLAIN_TEXT = Plain("The scratch database is thrown away when the test ends.")
LEDGER = Table(
    "scratch.Ledger", "Sums of the day by kind.", Purpose.OPERATION, NOBODY, Retention.JOB, technical=("id",)
)
STORE = Store(
    "drawer",
    "Slips of paper with remarks on them.",
    Purpose.SERVICE,
    (Category.CONTENT,),
    Located("by the person's number in the corner of each slip"),
    Plain("Written by hand on paper, behind a lock that only two people open."),
    Retention.MINUTES,
    erase=Erase.DELETE_ROW,
)


def _with(name: str, field: Field, **changes: object) -> Table:
    return replace(NOTE, fields={**NOTE.fields, name: field}, **changes)  # type: ignore[arg-type]


def _define_ledger() -> None:
    class Ledger(models.Model):
        class Meta:
            app_label = "scratch"

        def __str__(self) -> str:
            return "a row"


def _define_letter() -> None:
    class Letter(models.Model):
        note = models.ForeignKey("scratch.Note", on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "scratch"

        def __str__(self) -> str:
            return "a row"


# Whole ------------------------------------------------------------------------------------------------------------


def test_the_data_map_of_the_suite_is_whole() -> None:
    assert tell(checks.find_faults()) == []


def test_a_scratch_app_that_declares_everything_passes() -> None:
    assert tell(find()) == []


def test_a_model_added_without_a_declaration_makes_the_check_command_fail() -> None:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.privacy.undeclared.settings"}
    command = [sys.executable, "manage.py", "check"]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "(privacy.E001) undeclared.Patient is not in the data map." in done.stderr


# Undeclared and gone ----------------------------------------------------------------------------------------------


def test_an_undeclared_model_fails_and_is_told_where_to_declare_it() -> None:
    (fault,) = find(more=(_define_ledger,))

    assert (fault.id, fault.msg) == ("privacy.E001", "scratch.Ledger is not in the data map.")
    assert 'Add Table("scratch.Ledger", …) to MAP in scratch/datamap.py' in str(fault.hint)


def test_models_of_an_app_without_any_map_fail_too() -> None:
    with scratch.registry(None) as apps:
        faults = checks.find_faults(apps)

    assert tell(faults) == ["scratch.Note is not in the data map.", "scratch.Person is not in the data map."]
    assert "the datamap.py of the app of ours that answers for this library" in str(faults[0].hint)


@pytest.mark.parametrize(
    ("left_out", "hint"),
    [
        (replace(NOTE, activity=()), 'Add "at" to `technical` of Table("scratch.Note") in scratch/datamap.py;'),
        (replace(NOTE, machine_words={}), 'Add "tone" to `fields` of Table("scratch.Note") in scratch/datamap.py'),
    ],
    ids=["a time", "a text"],
)
def test_an_undeclared_column_fails_and_is_told_where_to_declare_it(left_out: Table, hint: str) -> None:
    (fault,) = find(left_out)

    assert fault.id == "privacy.E020"
    assert fault.msg.endswith(" is not in the data map.")
    assert str(fault.hint).startswith(hint)


def test_a_declared_model_that_is_gone_fails() -> None:
    (fault,) = find(LEDGER)

    assert (fault.id, fault.msg) == (
        "privacy.E002",
        "scratch.Ledger is declared by scratch, but there is no such model.",
    )


def test_a_declared_column_that_is_gone_fails() -> None:
    (fault,) = find(replace(NOTE, technical=("id", "person", "mood")))

    assert (fault.id, fault.msg) == ("privacy.E021", "scratch.Note.mood is declared, but there is no such column.")


def test_a_column_declared_twice_fails() -> None:
    (fault,) = find(replace(NOTE, technical=("id", "person", "at")))

    assert (fault.id, fault.msg) == ("privacy.E022", "scratch.Note.at is declared 2 times.")


def test_a_model_declared_twice_fails() -> None:
    with scratch.registry(DataMap(tables=(PERSON, NOTE, NOTE))) as apps:
        ids = {fault.id for fault in checks.find_faults(apps)}

    assert "privacy.E004" in ids


def test_an_app_cannot_answer_for_a_model_of_another_app_of_ours() -> None:
    other = scratch.ScratchConfig(DataMap(tables=(NOTE,)), label="other")

    with scratch.registry(DataMap(tables=(PERSON,)), others=(other,)) as apps:
        (fault,) = checks.find_faults(apps)

    assert (fault.id, fault.msg) == ("privacy.E003", "scratch.Note is declared by other, which does not own it.")


# The way to the person --------------------------------------------------------------------------------------------


def test_there_is_exactly_one_table_of_customers() -> None:
    assert "privacy.E005" in {fault.id for fault in find(replace(NOTE, subject=IsSubject()))}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nobody", "scratch.Note has no column nobody"),
        ("text", "scratch.Note.text is no relation"),
        ("person__id", "scratch.Person.id is no relation"),
        ("person_id", "scratch.Note has no column person_id"),
        ("", "scratch.Note has no column "),
    ],
)
def test_a_path_that_does_not_lead_to_the_customer_fails(path: str, problem: str) -> None:
    (fault,) = find(replace(NOTE, subject=Via(path)))

    assert (fault.id, fault.msg) == (
        "privacy.E006",
        f"scratch.Note does not reach scratch.Person by “{path}”: {problem}.",
    )


def test_a_path_that_ends_before_the_customer_fails() -> None:
    letter = replace(
        LEDGER, model="scratch.Letter", subject=Via("note"), erase=Erase.DELETE_ROW, technical=("id", "note")
    )

    (fault,) = find(letter, more=(_define_letter,))

    assert fault.msg == "scratch.Letter does not reach scratch.Person by “note”: it ends at scratch.Note."


def test_a_path_over_two_relations_is_walked_to_its_end() -> None:
    letter = replace(
        LEDGER, model="scratch.Letter", subject=Via("note__person"), erase=Erase.DELETE_ROW, technical=("id", "note")
    )

    assert tell(find(letter, more=(_define_letter,))) == []


@pytest.mark.parametrize("subject", [NOBODY, AboutStaff("Written by colleagues about the weather outside.")])
def test_a_row_that_reaches_a_customer_cannot_be_declared_as_about_nobody(subject: AboutNobody | AboutStaff) -> None:
    letter = replace(LEDGER, model="scratch.Letter", subject=subject, technical=("id", "note"))
    letter = replace(letter, erase=None if isinstance(subject, AboutNobody) else Erase.DELETE_ROW)

    (fault,) = find(letter, more=(_define_letter,))

    assert fault.id == "privacy.E008"
    assert fault.hint == 'Write subject=Via("note__person") in Table("scratch.Letter") in scratch/datamap.py.'


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("gone", "it has no column gone"),
        ("at", "at is no BigAutoField"),
        ("person", "person is a relation, so write Via"),
    ],
)
def test_an_id_without_a_relation_must_be_a_column_like_the_customers_own(column: str, problem: str) -> None:
    subject = LooseId(column, "The customer's row lies in another database.")

    (fault,) = find(replace(NOTE, subject=subject))

    assert (fault.id, fault.msg) == ("privacy.E007", f"scratch.Note does not hold a customer's id: {problem}.")


def test_a_personal_column_in_a_row_that_reaches_nobody_fails() -> None:
    told = Field(Category.CONTENT, "What the sky looked like.", PLAIN_TEXT)
    ledger = replace(LEDGER, technical=(), fields={"id": told})

    (fault,) = find(ledger, more=(_define_ledger,))

    assert (fault.id, fault.msg) == ("privacy.E027", "scratch.Ledger.id is content, but its row reaches no customer.")


def test_a_tenants_table_needs_its_organisation() -> None:
    def define() -> None:
        class Ledger(models.Model):
            objects = TenantManager()

            class Meta:
                app_label = "scratch"

            def __str__(self) -> str:
                return "a row"

    (fault,) = find(LEDGER, more=(define,))

    assert (fault.id, fault.msg) == (
        "privacy.E011",
        "scratch.Ledger is a TenantModel without a route to an organisation.",
    )


# What a column is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["technical", "activity", "staff"])
def test_a_column_that_can_hold_words_must_say_which(sort: str) -> None:
    table = replace(NOTE, machine_words={})

    (fault,) = find(replace(table, **{sort: (*getattr(table, sort), "tone")}))  # type: ignore[arg-type]  # one name of three

    assert (fault.id, fault.msg) == (
        "privacy.E023",
        "scratch.Note.tone is a CharField, which can hold words, but is declared without saying which.",
    )


def test_an_address_cannot_be_declared_as_words_of_the_machine() -> None:
    others = {name: field for name, field in NOTE.fields.items() if name != "mail"}

    (fault,) = find(replace(NOTE, fields=others, machine_words={**NOTE.machine_words, "mail": GOOD}))

    assert fault.id == "privacy.E024"


def test_a_plain_column_cannot_be_declared_encrypted() -> None:
    (fault,) = find(_with("text", Field(Category.CONTENT, "The words that were said.", Protection.ENCRYPTED)))

    assert (fault.id, fault.msg) == ("privacy.E025", "scratch.Note.text is a TextField, but is declared encrypted.")


@pytest.mark.parametrize("declared", [Protection.REDACTED, PLAIN_TEXT], ids=["redacted", "plain"])
def test_an_encrypted_column_cannot_be_declared_otherwise(
    declared: Protection | Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_fields, "COLUMNS", [])

    def define() -> None:
        class Ledger(models.Model):
            secret = vault_fields.EncryptedTextField()

            class Meta:
                app_label = "scratch"

            def __str__(self) -> str:
                return "a row"

    ledger = replace(LEDGER, fields={"secret": Field(Category.SECRET, "What opens the drawer.", declared)})

    (fault,) = find(ledger, more=(define,))

    assert fault.id == "privacy.E025"
    assert fault.msg.startswith("scratch.Ledger.secret is a EncryptedTextField, but is declared ")


@pytest.mark.parametrize("protection", [Protection.BLIND_INDEX, Protection.HASHED, Protection.WRAPPED])
def test_a_hash_or_a_key_cannot_lie_in_a_text(protection: Protection) -> None:
    faults = find(_with("text", Field(Category.CONTENT, "The words that were said.", protection)))

    assert faults[0].id == "privacy.E026"


# What becomes of it -----------------------------------------------------------------------------------------------


def test_a_row_about_somebody_must_say_what_erasing_them_does() -> None:
    (fault,) = find(replace(NOTE, erase=None))

    assert (fault.id, fault.msg) == (
        "privacy.E009",
        "scratch.Note does not say what becomes of it when its person is erased.",
    )


def test_a_row_about_nobody_cannot_say_it() -> None:
    (fault,) = find(replace(LEDGER, erase=Erase.DELETE_ROW), more=(_define_ledger,))

    assert fault.id == "privacy.E009"


@pytest.mark.parametrize("erase", [Erase.NULL, Erase.TOKENISE, Erase.SHRED])
def test_a_whole_row_is_deleted_or_kept_and_nothing_else(erase: Erase) -> None:
    assert "privacy.E009" in {fault.id for fault in find(replace(NOTE, erase=erase))}


def test_a_column_of_a_row_that_is_deleted_cannot_be_kept() -> None:
    kept = Keep("Proof of what was said is wanted by the court.", Retention.ADMIN_LOG)

    (fault,) = find(_with("text", replace(NOTE.fields["text"], erase=kept)))

    assert (fault.id, fault.msg) == (
        "privacy.E028",
        "scratch.Note.text has an erasure of its own, but its row is deleted.",
    )


def test_each_personal_column_of_a_row_that_is_kept_must_say_what_becomes_of_it() -> None:
    kept = Keep("The number of notes is needed for the yearly statement.", Retention.ADMIN_LOG)

    faults = find(replace(NOTE, erase=kept))

    assert [(fault.id, fault.msg.split(" ")[0]) for fault in faults] == [
        ("privacy.E029", f"scratch.Note.{name}") for name in ("text", "mail", "digest", "at")
    ]


@pytest.mark.parametrize(
    ("name", "erase", "problem"),
    [
        ("text", Erase.DELETE_ROW, "cannot delete its row: that is said for the whole Table."),
        ("text", Erase.SHRED, "cannot be shredded, because it is not encrypted."),
        ("digest", Erase.NULL, "cannot be NULL."),
        ("digest", Erase.TOKENISE, "is no text, so it has no room for tokens."),
    ],
)
def test_what_cannot_be_done_to_a_column_fails(name: str, erase: Erase, problem: str) -> None:
    kept = Keep("The number of notes is needed for the yearly statement.", Retention.ADMIN_LOG)

    faults = find(_with(name, replace(NOTE.fields[name], erase=erase), erase=kept))

    assert f"scratch.Note.{name} {problem}" in tell(faults)


# Reasons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["", "   ", "n/a", "not needed", "Technical.", "It is not personal data, so that is fine", "x" * 40, "none " * 20],
)
def test_empty_words_are_no_reason(words: str) -> None:
    mail = Field(Category.CONTACT, "Where to send the note.", Plain(words))

    (fault,) = find(_with("mail", mail))

    assert fault.id == "privacy.E060"
    assert fault.msg.startswith("scratch.Note.mail (why it is plain) needs an explanation, but “")


def test_a_reason_that_says_something_passes() -> None:
    assert reasons.find_weakness(GOOD) == ""


@pytest.mark.parametrize(
    "table",
    [
        _with("text", replace(NOTE.fields["text"], export=Withheld("why"))),
        replace(NOTE, region=Anywhere("why")),
        replace(NOTE, machine_words={"tone": "why"}),
        replace(NOTE, holds="why"),
        _with("text", replace(NOTE.fields["text"], holds="why")),
        replace(NOTE, subject=LooseId("id", "why")),
    ],
    ids=["withheld", "region", "words", "table", "column", "loose id"],
)
def test_every_exemption_and_every_description_is_read(table: Table) -> None:
    (fault,) = find(table)

    assert fault.id == "privacy.E060"


@pytest.mark.parametrize("subject", [AboutNobody("why"), AboutStaff("why")])
def test_a_row_about_no_customer_must_say_why(subject: AboutNobody | AboutStaff) -> None:
    ledger = replace(LEDGER, subject=subject)
    ledger = replace(ledger, erase=None if isinstance(subject, AboutNobody) else Erase.DELETE_ROW)

    (fault,) = find(ledger, more=(_define_ledger,))

    assert fault.id == "privacy.E060"
    assert fault.msg.startswith("scratch.Ledger (whom it is about) needs an explanation")


def test_a_reason_copied_from_elsewhere_fails_whatever_its_case_and_marks() -> None:
    again = Plain("THE SCRATCH DATABASE, IS THROWN AWAY, WHEN THE TEST ENDS!")
    fields = {
        "text": Field(Category.CONTENT, "The words that were said aloud.", PLAIN_TEXT),
        "mail": Field(Category.CONTACT, "Where to send the note.", again),
        "digest": NOTE.fields["digest"],
    }

    (fault,) = find(replace(NOTE, fields=fields))

    assert (fault.id, fault.msg) == (
        "privacy.E061",
        "scratch.Note.mail (why it is plain) has the same explanation as scratch.Note.text (why it is plain).",
    )


# Stores and the order ---------------------------------------------------------------------------------------------


def test_a_store_that_says_everything_passes() -> None:
    assert tell(find(stores=(STORE,))) == []


@pytest.mark.parametrize(
    ("store", "number"),
    [
        (replace(STORE, subject=AboutStaff("Slips on which colleagues note their breaks.")), "privacy.E041"),
        (replace(STORE, erase=None), "privacy.E042"),
        (replace(STORE, derived_from=("scratch.Gone",)), "privacy.E010"),
        (replace(STORE, encryption=Plain("ok")), "privacy.E060"),
        (replace(STORE, subject=Located("somehow")), "privacy.E060"),
    ],
    ids=["no share", "no erasure", "no origin", "no reason", "no way"],
)
def test_a_store_that_leaves_something_out_fails(store: Store, number: str) -> None:
    (fault,) = find(stores=(store,))

    assert fault.id == number


def test_a_store_declared_twice_fails() -> None:
    assert "privacy.E040" in {fault.id for fault in find(stores=(STORE, STORE))}


def test_a_table_derived_from_a_model_that_is_gone_fails() -> None:
    (fault,) = find(replace(NOTE, derived_from=("scratch.Gone",)))

    assert (fault.id, fault.msg) == ("privacy.E010", "scratch.Note is derived from scratch.Gone, which does not exist.")


def test_an_order_of_erasure_that_goes_in_a_circle_fails() -> None:
    # A note points to its person, so it goes first; and a person derived from notes would have to go before those.
    (fault,) = find(replace(PERSON, derived_from=("scratch.Note",)))

    assert fault.id == "privacy.E044"
    assert fault.msg.startswith("The order of erasure goes in a circle: scratch.")
