"""A file becomes knowledge in pieces: it continues when interrupted, and refuses to run twice at once."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from apps.core import tenancy
from apps.knowledge.errors import EncoderMissing, ImportRunning, ImportUnreadable
from apps.knowledge.models import Document, KnowledgeIndex, Passage, PassageVector, Posting
from apps.knowledge.selectors import documents as document_selectors
from apps.knowledge.services import encoding, importing, reading, searching
from tests.knowledge.factories import make_rows, write_jsonl

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.accounts.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True)
OPTIONS = reading.ReadingOptions()
# More than one transaction's worth.
MANY = importing.PIECE_PASSAGES + 100


@pytest.fixture
def in_acme(transactional_db: None, acme: "Organisation") -> "Iterator[Organisation]":
    """Work in acme's scope, with transactions that other threads see."""
    with tenancy.scope(acme.id):
        yield acme


def run(path: Path, progress: Callable[[int], None] = lambda _rows: None, **options: Any) -> importing.ImportSummary:
    return importing.import_documents(
        source_name="File", path=path, options=reading.ReadingOptions(**options), progress=progress
    )


def counts(summary: importing.ImportSummary) -> tuple[int, int, int, int]:
    return summary.added, summary.changed, summary.unchanged, summary.bad_count


def test_every_row_becomes_a_document_that_is_found(in_acme: "Organisation", tmp_path: Path) -> None:
    steps: list[int] = []

    summary = run(write_jsonl(tmp_path / "a.jsonl", make_rows(MANY)), progress=steps.append)

    assert counts(summary) == (MANY, 0, 0, 0)
    assert sum(steps) == MANY
    assert summary.passages == MANY == Document.objects.count() == PassageVector.objects.count()
    assert set(Passage.objects.values_list("document_id", flat=True)) == set(
        Document.objects.values_list("id", flat=True)
    )
    # One epoch for each transaction.
    assert document_selectors.get_epoch() == 2
    assert searching.search_passages(query="code 417").hits[0].title == "Article 417"


def test_the_same_file_again_changes_nothing(in_acme: "Organisation", tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", make_rows(5))
    run(path)
    passages = set(Passage.objects.values_list("id", flat=True))

    summary = run(path)

    assert counts(summary) == (0, 0, 5, 0)
    assert summary.passages == 0
    assert set(Passage.objects.values_list("id", flat=True)) == passages
    assert document_selectors.get_epoch() == 1


def test_only_what_changed_is_written_again(in_acme: "Organisation", tmp_path: Path) -> None:
    rows = make_rows(5)
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    run(path)
    before = dict(Passage.objects.values_list("document__external_id", "id"))
    rows[2]["text"] = "Something else altogether."

    summary = run(write_jsonl(path, [*rows, {"id": "new", "text": "New."}]))

    after = dict(Passage.objects.values_list("document__external_id", "id"))
    assert counts(summary) == (1, 1, 4, 0)
    assert {name for name in after if after[name] != before.get(name)} == {"a2", "new"}


def test_an_interrupted_import_continues_where_it_was(in_acme: "Organisation", tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", make_rows(MANY))

    def interrupt(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, progress=interrupt)
    done = Document.objects.count()
    summary = run(path)

    assert importing.PIECE_PASSAGES <= done <= MANY
    assert counts(summary) == (MANY - done, 0, done, 0)
    assert Passage.objects.count() == MANY
    index = KnowledgeIndex.objects.get()
    assert index.passage_count == MANY
    assert index.term_total == sum(Posting.objects.values_list("frequency", flat=True))


def test_a_second_import_of_the_same_source_is_refused_while_the_first_runs(
    in_acme: "Organisation", tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", make_rows(3))
    refusals: list[Exception] = []

    def import_again() -> None:
        with tenancy.scope(in_acme.id):
            try:
                run(path)
            except ImportRunning as error:
                refusals.append(error)
            finally:
                connections.close_all()

    def meanwhile(_rows: int) -> None:
        thread = threading.Thread(target=import_again)
        thread.start()
        thread.join()

    first = run(path, progress=meanwhile)
    again = run(path)

    assert [str(error) for error in refusals] == [
        "The source 'File' is being imported by another process. Try again later."
    ]
    assert counts(first) == (3, 0, 0, 0)
    assert counts(again) == (0, 0, 3, 0)


def test_bad_rows_are_counted_and_named(in_acme: "Organisation", tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "text": "x"},
        {"text": "y"},
        {"id": "a", "text": "z"},
        {"id": "b", "text": 7},
    ]

    summary = run(write_jsonl(tmp_path / "a.jsonl", rows))

    assert counts(summary) == (2, 0, 0, 2)
    assert summary.bad == [("line 2", "no id"), ("line 3", "the id 'a' was used by an earlier row")]
    assert Document.objects.get(external_id="a").body == "x"


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "It is empty"), ('{"text": "x"}\n', "First problem: line 1: no id"), ("\n\n", "empty")],
)
def test_a_file_without_any_document_is_refused(
    in_acme: "Organisation", tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)

    with pytest.raises(ImportUnreadable, match=message):
        run(path)

    assert not Document.objects.exists()


def test_an_import_without_its_encoder_writes_nothing(
    in_acme: "Organisation", tmp_path: Path, settings: "Settings"
) -> None:
    settings.KNOWLEDGE_ENCODER, settings.VAR_DIR = "minilm", tmp_path
    encoding.use_encoder("minilm", None)

    with pytest.raises(EncoderMissing):
        run(write_jsonl(tmp_path / "a.jsonl", make_rows(3)))

    assert not Document.objects.exists()


def test_two_organisations_import_the_same_file_apart(
    transactional_db: None, acme: "Organisation", orbis: "Organisation", tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", make_rows(4))

    for organisation in (acme, orbis):
        with tenancy.scope(organisation.id):
            assert counts(run(path)) == (4, 0, 0, 0)
    for organisation in (acme, orbis):
        with tenancy.scope(organisation.id):
            assert Document.objects.count() == 4
            assert {hit.title for hit in searching.search_passages(query="locker").hits} == {
                f"Article {number}" for number in range(4)
            }
