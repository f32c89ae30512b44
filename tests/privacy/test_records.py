"""The records of processing, and what programs read from the data map."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from graphlib import CycleError

import pytest
from django.apps import apps
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.core.datamap import (
    PERSONAL,
    Category,
    DataMap,
    Erase,
    Field,
    IsSubject,
    Keep,
    Plain,
    Protection,
    Purpose,
    Retention,
    Table,
    Via,
)
from apps.privacy.selectors import datamap, erasing, exporting, rules
from apps.privacy.services import records
from config import data_pages
from tests.conftest import PASSWORD
from tests.privacy import scratch
from tests.privacy.scratch import NOTE, PERSON

SCRATCH = DataMap(tables=(PERSON, NOTE))


# Columns ----------------------------------------------------------------------------------------------------------


def test_defaults_are_filled_in_from_the_table_and_the_category() -> None:
    with scratch.registry(SCRATCH) as registry:
        entries = {entry.field: entry for entry in datamap.list_entries_of("scratch.Note", registry)}

    at, tone, text = entries["at"], entries["tone"], entries["text"]
    assert list(entries) == ["id", "person", "text", "mail", "digest", "tone", "at"]
    assert (at.category, at.erase, at.is_exported, at.region_bound) == (Category.ACTIVITY, Erase.DELETE_ROW, True, True)
    assert (tone.category, tone.holds, tone.is_exported) == (Category.TECHNICAL, NOTE.machine_words["tone"], False)
    assert (text.label, text.app, text.type, text.retention) == (
        *("scratch.Note.text", "scratch", "TextField"),
        Retention.SUBJECT,
    )


def test_encrypted_columns_of_customers_are_shredded_without_being_told() -> None:
    shredded = {entry.label for entry in datamap.list_entries() if entry.erase is Erase.SHRED}

    assert {"customers.Customer.name", "customers.Identity.value", "conversations.Message.original"} <= shredded
    assert {
        entry.label
        for entry in datamap.list_personal_fields()
        if entry.encryption is Protection.ENCRYPTED and entry.erase is not Erase.SHRED
    } == set()


def test_personal_fields_are_those_that_tell_something_of_a_customer() -> None:
    found = datamap.list_personal_fields()

    assert {entry.category for entry in found} <= PERSONAL
    assert {"conversations.Message.text", "conversations.Message.created_at", "ai.Run.trace"} <= {
        entry.label for entry in found
    }
    assert "accounts.User.email" not in {entry.label for entry in found}


def test_every_row_about_a_customer_says_how_it_reaches_them() -> None:
    paths = datamap.list_paths_to_subject()

    assert datamap.find_subject_model() == "customers.Customer"
    assert paths["customers.Customer"] == ("",)
    assert paths["conversations.Message"] == ("conversation__customer",)
    assert paths["customers.Merge"] == ("low", "high")
    assert paths["vault.DataKey"] == ("owner_id",)
    assert "knowledge.Passage" not in paths
    assert {entry.model for entry in datamap.list_personal_fields()} <= paths.keys()


# Order of erasure -------------------------------------------------------------------------------------------------


def _places() -> dict[str, int]:
    return {step.name: place for place, step in enumerate(erasing.erase_order())}


def test_everything_about_customers_is_in_the_order_once() -> None:
    stores = {one.store.name for one in datamap.list_stores() if one.is_personal}

    assert set(_places()) == datamap.list_paths_to_subject().keys() | stores
    assert len(_places()) == len(erasing.erase_order())


def test_what_points_goes_before_what_it_points_to() -> None:
    places = _places()
    relations = [
        (label, datamap.label_of(column.remote_field.model))
        for label, model in datamap.list_models().items()
        for column in datamap.list_columns(model).values()
        if column.remote_field is not None and label in places
    ]

    late = [(label, target) for label, target in relations if target in places and target != label]
    assert ("conversations.Message", "conversations.Conversation") in late
    assert [pair for pair in late if places[pair[0]] > places[pair[1]]] == []


def test_what_is_derived_goes_before_its_source() -> None:
    places = _places()
    derived = [(table.model, origin) for _, table in datamap.list_tables() for origin in table.derived_from]
    known = [(label, origin) for label, origin in derived if label in places]

    assert ("ai.Run", "conversations.Message") in known
    assert [pair for pair in known if places[pair[0]] > places[pair[1]]] == []


def test_keys_go_last_of_all_that_must_go() -> None:
    steps = [step for step in erasing.erase_order() if step.erase is Erase.DELETE_ROW or step.shredded]

    assert steps[-1].name == "vault.DataKey"
    assert (steps[-1].shredded, steps[-2].name) == (("wrapped",), "customers.Customer")


def test_a_step_says_what_happens_to_columns_of_rows_that_stay() -> None:
    kept = Keep("The number of notes is needed for the yearly statement.", Retention.ADMIN_LOG)
    fields = {
        "text": replace(NOTE.fields["text"], erase=Erase.TOKENISE),
        "mail": replace(NOTE.fields["mail"], erase=Erase.NULL),
        "digest": replace(NOTE.fields["digest"], erase=kept),
    }
    note = replace(NOTE, erase=kept, fields=fields)

    with scratch.registry(DataMap(tables=(PERSON, note))) as registry:
        step, last = erasing.erase_order(registry)

    assert (step.name, step.erase, step.paths, last.name) == ("scratch.Note", kept, ("person",), "scratch.Person")
    assert (step.tokenised, step.emptied, step.shredded) == (("text",), ("mail",), ())
    assert "digest" in step.kept


def test_names_are_sorted_by_precedence_then_by_rank_then_by_alphabet() -> None:
    before = {"customer": {"message", "identity"}, "message": {"trace"}, "trace": set(), "identity": set(), "b": set()}

    ordered = erasing.sort_by_precedence(before, {"identity": 4, "message": 1, "customer": 4})

    assert ordered == ["b", "trace", "message", "identity", "customer"]


def test_a_circle_is_named() -> None:
    with pytest.raises(CycleError) as raised:
        erasing.sort_by_precedence({"one": {"other"}, "other": {"one"}}, {})

    assert set(raised.value.args[1]) == {"one", "other"}


# Version ----------------------------------------------------------------------------------------------------------


def test_the_map_as_plain_values_is_json_and_complete() -> None:
    exported = json.loads(json.dumps(exporting.export_map()))

    assert exported["subject"] == "customers.Customer"
    assert len(exported["fields"]) == len(datamap.list_entries())
    assert {one["name"] for one in exported["stores"]} == {one.store.name for one in datamap.list_stores()}


def test_the_version_stays_while_nothing_changes_and_changes_with_every_word() -> None:
    changed = {**NOTE.fields, "text": replace(NOTE.fields["text"], holds="The words that were whispered.")}

    with scratch.registry(SCRATCH) as registry:
        version, again = exporting.compute_version(registry), exporting.compute_version(registry)
    with scratch.registry(DataMap(tables=(NOTE, PERSON))) as registry:
        turned = exporting.compute_version(registry)
    with scratch.registry(DataMap(tables=(PERSON, replace(NOTE, fields=changed)))) as registry:
        other = exporting.compute_version(registry)

    assert version == again == turned
    assert version != other
    assert len(version) == 12


# Records ----------------------------------------------------------------------------------------------------------


def test_every_table_and_store_is_in_exactly_one_activity() -> None:
    activities = records.compile_records().activities
    named = [
        name for activity in activities for name in (*(one.name for one in activity.holdings), *activity.about_nobody)
    ]

    expected = [table.model for _, table in datamap.list_tables()] + [one.store.name for one in datamap.list_stores()]
    assert sorted(named) == sorted(expected)


def test_an_activity_lists_the_data_that_tells_something() -> None:
    service = next(one for one in records.compile_records().activities if one.key == Purpose.SERVICE.value)
    message = next(one for one in service.holdings if one.name == "conversations.Message")

    assert (message.about, message.on_erasure, message.region_bound) == ("customers", "delete row", True)
    assert message.categories == ("activity", "content", "derived", "staff")
    assert message.protection == ("encrypted", "plain", "redacted")
    assert [one.name for one in service.recipients] == ["Provider of the language model"]


def test_whatever_outlives_its_person_is_listed_with_its_reason() -> None:
    kept = {one.what: one for one in records.compile_records().kept}

    assert {"admin.LogEntry", "vault.DataKey", "vault.DataKey.owner_id", "logs"} <= kept.keys()
    assert kept["vault.DataKey"].until == rules.RETENTION[Retention.KEY].until


# Pages ------------------------------------------------------------------------------------------------------------


def test_the_field_reference_names_every_column_of_every_table() -> None:
    page = data_pages.data_map_markdown()
    sections = {part.split("`", 2)[1]: part for part in page.split("\n### ") if part.startswith("`")}

    assert set(sections) == set(datamap.list_models())
    assert [entry.label for entry in datamap.list_entries() if f"`{entry.field}`" not in sections[entry.model]] == []


def test_pages_carry_the_version_and_come_out_the_same_each_time() -> None:
    version = exporting.compute_version()

    assert f"Version `{version}`" in data_pages.records_markdown()
    assert data_pages.data_map_markdown() == data_pages.data_map_markdown()
    assert data_pages.records_markdown() == data_pages.records_markdown()


def test_a_bar_within_a_text_does_not_break_a_table() -> None:
    assert data_pages.format_row("a|b", "c") == "| a\\|b | c |"


@pytest.fixture
def operator(db: None) -> Client:
    """Return the browser of somebody who may enter the admin."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator@switchboard.example", PASSWORD, name="Operator"))
    return client


def test_an_officer_reads_the_records_in_the_admin_with_version_and_date(operator: Client) -> None:
    response = operator.get(reverse("privacy:records"))

    page = response.content.decode()
    assert response.status_code == 200
    assert exporting.compute_version() in page
    assert f'datetime="{datetime.now(UTC):%Y-%m-%d}"' in page
    assert [rule.title for rule in rules.PURPOSES.values() if f"{rule.title}</h2>" not in page] == []


def test_the_records_are_only_for_reading(operator: Client) -> None:
    assert operator.post(reverse("privacy:records")).status_code == 405


def test_somebody_without_access_to_the_admin_is_sent_to_the_sign_in(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("ana@acme.example", PASSWORD, name="Ana"))

    response = client.get(reverse("privacy:records"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_names_of_the_program_are_set_apart_and_markup_stays_text() -> None:
    template = Template("{% load records_text %}{{ text|with_names }}")

    shown = template.render(Context({"text": "<b>set</b> `LLM_BASE_URL` & `<i>`"}))

    assert shown == "&lt;b&gt;set&lt;/b&gt; <code>LLM_BASE_URL</code> &amp; <code>&lt;i&gt;</code>"


def test_an_app_may_declare_only_what_is_its_own_or_a_librarys() -> None:
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    declared = [(app, table.model.partition(".")[0]) for app, table in datamap.list_tables()]

    assert {owner for app, owner in declared if owner != app} & ours == set()


def test_a_table_without_columns_of_its_own_words_needs_none() -> None:
    table = Table(
        "scratch.Person",
        "Somebody whom nobody has met.",
        Purpose.SERVICE,
        IsSubject(),
        Retention.SUBJECT,
        erase=Erase.DELETE_ROW,
        technical=("id",),
    )

    assert list(table.names()) == ["id"]
    assert datamap.field_of(table, "id") == Field(
        Category.TECHNICAL, "", Plain(datamap.PLAIN_BY_CATEGORY[Category.TECHNICAL])
    )
    assert Via("low", "high").paths == ("low", "high")
