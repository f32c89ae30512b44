"""The commands say in a line what they did, or why not."""

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.core import tenancy
from apps.knowledge.selectors import documents as document_selectors
from tests.knowledge.factories import make_rows, write_jsonl

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.accounts.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[str, str]:
    """Run a command and return what it wrote to its outputs."""
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_an_import_ends_with_a_summary_and_lists_bad_rows(acme: "Organisation", tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "articles.jsonl", [*make_rows(3), {"text": "x"}])

    out, err = run("import_knowledge", "--org", "acme", str(path))

    assert out == "3 added, 0 changed, 0 unchanged, 1 bad (3 passages written)\n"
    assert err == "skipped line 4: no id\n"
    with tenancy.scope(acme.id):
        assert set(document_selectors.list_document_ids(source_name="articles.jsonl")) == {"a0", "a1", "a2"}


def test_of_many_bad_rows_the_first_are_listed(acme: "Organisation", tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"id": "a", "text": "x"}, *[{"text": "x"}] * 30])

    _, err = run("import_knowledge", "--org", "acme", str(path))

    assert err.count("skipped line ") == 20
    assert err.endswith("… and 10 more rows skipped\n")


def test_documents_speak_the_organisations_language_unless_told(acme: "Organisation", tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"id": "a", "text": "x"}, {"id": "b", "text": "x", "locale": "fr"}])

    run("import_knowledge", "--org", "acme", "--locale", "de", "--source", "Help", str(path))

    with tenancy.scope(acme.id):
        ids = document_selectors.list_document_ids(source_name="Help")
        assert document_selectors.get_document(ids["a"]).locale == "de"
        assert document_selectors.get_document(ids["b"]).locale == "fr"


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere.jsonl", "There is no file or folder"), ("a.pdf", "expected .csv"), ("empty.jsonl", "Nothing in")],
)
def test_what_cannot_be_imported_is_refused_in_a_line(
    acme: "Organisation", tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "a.pdf").touch()
    (tmp_path / "empty.jsonl").touch()

    with pytest.raises(CommandError) as refusal:
        run("import_knowledge", "--org", "acme", str(tmp_path / name))

    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_organisation_is_refused_in_a_line(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no organisation called 'nobody'"):
        run("import_knowledge", "--org", "nobody", str(tmp_path))


def test_an_encoder_that_needs_no_building_says_so(settings: "Settings") -> None:
    settings.KNOWLEDGE_ENCODER = "wordllama"

    assert run("build_encoder")[0] == "KNOWLEDGE_ENCODER=wordllama needs no building.\n"


def test_the_bundled_encoder_is_built_where_the_suite_writes(settings: "Settings", tmp_path: Path) -> None:
    settings.KNOWLEDGE_ENCODER, settings.VAR_DIR = "minilm", tmp_path

    out, _ = run("build_encoder")

    assert "The sentence encoder is ready" in out
    assert len(list((tmp_path / "encoder").glob("*/model.bin"))) == 1
