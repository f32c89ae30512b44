"""Documents come, change and go, and the index follows in the same transaction."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from apps.core import eventbus, tenancy
from apps.core.ids import uuid7
from apps.knowledge.errors import DocumentInvalid, DocumentNotFound, DocumentTooLarge
from apps.knowledge.events import KnowledgeChanged
from apps.knowledge.models import Document, KnowledgeIndex, Passage, PassageVector, Posting
from apps.knowledge.providers.wordllama import KEY
from apps.knowledge.selectors import documents as document_selectors
from apps.knowledge.selectors import passages as passage_selectors
from apps.knowledge.services import documents
from apps.knowledge.types import Audience
from tests.knowledge.factories import DELIVERY, REFUNDS, save_article, save_articles

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

LONG = "\n".join(f"## Part {part}\n" + f"Sentence number {part} of a long article. " * 25 for part in range(5))


@pytest.fixture
def heard() -> Iterator[list[KnowledgeChanged]]:
    """Listen to changes instead of whoever listens in the product."""
    listeners, jobs = eventbus.reactions()[KnowledgeChanged]
    events: list[KnowledgeChanged] = []
    eventbus.connect(KnowledgeChanged, listeners=[events.append])
    yield events
    eventbus.connect(KnowledgeChanged, listeners=listeners, jobs=jobs)


def sums() -> tuple[int, int, int]:
    """Return what the index says of itself: epoch, passages, words."""
    index = KnowledgeIndex.objects.get()
    return index.epoch, index.passage_count, index.term_total


def postings(passage_id: UUID) -> dict[str, tuple[int, int]]:
    rows = Posting.objects.filter(passage_id=passage_id).values_list("term", "frequency", "length")
    return {term: (frequency, length) for term, frequency, length in rows}


def test_a_saved_document_has_passages_vectors_and_words(in_acme: "Organisation") -> None:
    document_id = save_article("delivery", "Delivery times", "Parcels take two days. Island parcels take six.")

    document = document_selectors.get_document(document_id)
    assert (document.title, document.external_id, document.source.name) == ("Delivery times", "delivery", "Help")
    assert (document.locale, document.audience, document.is_live) == ("en", "public", True)
    passage = Passage.objects.get()
    assert (passage.text, passage.ordinal, passage.heading) == (document.body, 0, "")
    vector = PassageVector.objects.get()
    assert (vector.passage_id, vector.encoder_key, len(vector.embedding)) == (passage.id, KEY, 256)
    # A word of the title counts three times; the length is the sum.
    assert postings(passage.id) == {
        "deliveri": (3, 14),
        "time": (3, 14),
        "parcel": (2, 14),
        "take": (2, 14),
        "two": (1, 14),
        "day": (1, 14),
        "island": (1, 14),
        "six": (1, 14),
    }
    assert passage.term_count == 14
    assert sums() == (1, 1, 14)


def test_a_document_saved_again_unchanged_changes_nothing(in_acme: "Organisation") -> None:
    first = save_article("delivery", "Delivery", DELIVERY)
    passage_id = Passage.objects.get().id

    second = save_article("delivery", "Delivery", DELIVERY)

    assert first == second
    assert Passage.objects.get().id == passage_id
    assert sums()[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Shipping"},
        {"body": REFUNDS},
        {"locale": "de"},
        {"audience": Audience.INTERNAL},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_document_keeps_its_id_and_gets_new_passages(
    in_acme: "Organisation", change: dict[str, object]
) -> None:
    before = save_article("delivery", "Delivery", DELIVERY)
    old_passage = Passage.objects.get().id
    fields = {"title": "Delivery", "body": DELIVERY, **change}

    after = documents.save_document(source_name="Help", external_id="delivery", **fields)  # type: ignore[arg-type]

    assert after == before
    passage = Passage.objects.get()
    assert passage.id != old_passage
    assert passage_selectors.list_passages([old_passage]) == {}
    assert PassageVector.objects.get().passage_id == passage.id
    assert postings(old_passage) == {}
    assert sums() == (2, 1, passage.term_count)


def test_the_sums_follow_every_change(in_acme: "Organisation") -> None:
    ids = save_articles()
    save_article("long", "Long", LONG)
    documents.remove_document(document_id=ids["refunds"])
    save_article("long", "Long", LONG + "\n## More\nStill more.")

    passages = Passage.objects.all()
    epoch, passage_count, term_total = sums()
    assert epoch == 6
    assert passage_count == len(passages) == 13
    assert term_total == sum(passage.term_count for passage in passages)
    assert term_total == sum(row.frequency for row in Posting.objects.all())
    assert KnowledgeIndex.objects.get().text_configs == ["english"]


def test_a_removed_document_leaves_nothing(in_acme: "Organisation") -> None:
    document_id = save_article("delivery", "Delivery", DELIVERY)

    documents.remove_document(document_id=document_id)

    assert sums() == (2, 0, 0)
    for model in (Document, Passage, PassageVector, Posting):
        assert not model.objects.exists()
    with pytest.raises(DocumentNotFound):
        documents.remove_document(document_id=document_id)
    assert sums()[0] == 2


def test_every_change_is_announced_with_its_epoch(
    in_acme: "Organisation", django_capture_on_commit_callbacks: Any, heard: list[KnowledgeChanged]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        document_id = save_article("delivery", "Delivery", DELIVERY)
        save_article("delivery", "Delivery", DELIVERY)
        documents.set_document_live(document_id=document_id, is_live=False)
        documents.remove_document(document_id=document_id)

    assert heard == [KnowledgeChanged(organisation_id=in_acme.id, epoch=epoch) for epoch in (1, 2, 3)]


def test_words_are_reduced_as_the_language_wants(in_acme: "Organisation") -> None:
    save_article("de", "", "Die Lieferungen kommen.", locale="de-AT")
    save_article("xx", "", "Die Lieferungen kommen.", locale="xx")

    passages = {passage.document.locale: passage.id for passage in Passage.objects.select_related("document")}
    assert set(postings(passages["de-AT"])) == {"liefer", "komm"}
    assert set(postings(passages["xx"])) == {"die", "lieferungen", "kommen"}
    assert KnowledgeIndex.objects.get().text_configs == ["german", "simple"]


def test_hiding_and_showing_a_document_are_changes(in_acme: "Organisation") -> None:
    document_id = save_article("delivery", "Delivery", DELIVERY)

    documents.set_document_live(document_id=document_id, is_live=False)

    assert document_selectors.get_document(document_id).is_live is False
    assert document_selectors.count_documents() == 0
    assert document_selectors.get_epoch() == 2
    with pytest.raises(DocumentNotFound):
        documents.set_document_live(document_id=uuid7(), is_live=False)
    assert document_selectors.get_epoch() == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"external_id": " \x00"}, DocumentInvalid),
        ({"external_id": "x" * 401}, DocumentInvalid),
        ({"title": "", "body": " \n"}, DocumentInvalid),
        ({"body": "x" * 1_000_001}, DocumentTooLarge),
    ],
)
def test_what_is_no_document_is_refused_and_nothing_is_written(
    in_acme: "Organisation", fields: dict[str, str], error: type[Exception]
) -> None:
    values = {"source_name": "Help", "external_id": "a", "title": "T", "body": "B", **fields}

    with pytest.raises(error):
        documents.save_document(**values)  # type: ignore[arg-type]

    assert not Document.objects.exists()
    assert document_selectors.get_epoch() == 0


def test_a_document_of_another_organisation_is_out_of_reach(acme: "Organisation", orbis: "Organisation") -> None:
    with tenancy.scope(acme.id):
        document_id = save_article("delivery", "Delivery", DELIVERY)
        passage_id = Passage.objects.get().id

    with tenancy.scope(orbis.id):
        with pytest.raises(DocumentNotFound):
            document_selectors.get_document(document_id)
        with pytest.raises(DocumentNotFound):
            documents.remove_document(document_id=document_id)
        with pytest.raises(DocumentNotFound):
            documents.set_document_live(document_id=document_id, is_live=False)
        assert passage_selectors.list_passages([passage_id]) == {}
        assert document_selectors.list_document_ids(source_name="Help") == {}

    with tenancy.scope(acme.id):
        assert document_selectors.get_document(document_id).is_live


def test_two_organisations_may_use_the_same_names(acme: "Organisation", orbis: "Organisation") -> None:
    with tenancy.scope(acme.id):
        ours = save_article("delivery", "Delivery", DELIVERY)
    with tenancy.scope(orbis.id):
        theirs = save_article("delivery", "Delivery", DELIVERY)
        assert document_selectors.list_document_ids(source_name="Help") == {"delivery": theirs}

    assert ours != theirs


def test_the_passage_that_says_something_is_found(in_acme: "Organisation") -> None:
    save_article("long", "Long", LONG)

    found = passage_selectors.find_passage_quoting(
        source_name="Help", external_id="long", quotation="Part 3\n Sentence  number 3"
    )

    assert found is not None
    assert found.heading == "Part 3"
    assert found == passage_selectors.get_passage(found.passage_id)
    assert passage_selectors.find_passage_quoting(source_name="Help", external_id="long", quotation="no such") is None


def test_postings_are_read_from_the_index_alone(in_acme: "Organisation") -> None:
    # The INCLUDE columns of the key are what makes that possible; a migration that lost them would only be slow.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('knowledge_posting_pkey'::regclass)")
        assert "INCLUDE (frequency, length)" in cursor.fetchone()[0]


def test_tests_use_the_light_encoder() -> None:
    assert settings.KNOWLEDGE_ENCODER == "wordllama"
