"""Recognition is measured by the definitions of whoever judged the files."""

from pathlib import Path

import pytest

from apps.privacy.errors import CasesUnreadable
from apps.privacy.services import evaluating, scoring
from apps.privacy.types import Kind, Span
from tests.knowledge.factories import write_jsonl


def test_a_stretch_counts_that_covers_half_of_both_together() -> None:
    marked = [(0, 10, "PERSON"), (20, 30, "PERSON")]

    assert scoring.match(marked, [(0, 5, "PERSON")], iou=0.5) == [(0, 10, "PERSON")]
    assert scoring.match(marked, [(0, 4, "PERSON")], iou=0.5) == []
    assert scoring.match(marked, [(0, 10, "EMAIL")], iou=0.5) == []


def test_one_found_stretch_answers_for_one_marked_stretch() -> None:
    marked = [(0, 10, "PERSON"), (1, 10, "PERSON")]

    assert scoring.match(marked, [(0, 10, "PERSON")], iou=0.5) == [(0, 10, "PERSON")]


def test_neighbours_of_one_type_are_joined_over_signs_only() -> None:
    text = "Mill Lane 5, Leeds and York"

    assert scoring.merge([(0, 11, "L"), (13, 18, "L"), (23, 27, "L")], text) == [(0, 18, "L"), (23, 27, "L")]


def test_kinds_that_a_file_has_no_word_for_are_not_counted() -> None:
    spans = [Span(0, 3, Kind.NAME), Span(4, 7, Kind.ACCOUNT), Span(8, 9, Kind.HEALTH_ID, 1.0, "npi")]

    assert scoring.read_found(spans, {"PERSON"}) == [(0, 3, "PERSON")]
    assert scoring.read_found(spans, {"PERSON", "NPI"}) == [(0, 3, "PERSON"), (8, 9, "NPI")]


def test_handles_and_bare_signs_are_not_judged_as_names() -> None:
    spans = [{"start": start, "end": end, "label": "per"} for start, end in ((0, 1), (2, 5), (6, 9), (10, 14))]

    assert scoring.read_marked(spans, "@ ana Bob @cyd", {"per"}) == [(6, 9, "PERSON")]


def test_measures_of_known_counts() -> None:
    measured = scoring.Counts(marked=4, found=5, right=2).measure()

    assert (measured["precision"], measured["recall"]) == (0.4, 0.5)
    assert measured["f1"] == pytest.approx(4 / 9)
    assert measured["f2"] == pytest.approx(10 / 21)
    assert scoring.Counts().measure()["f1"] == 0


def test_vectors_are_counted_by_their_hits(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "entity": "us_ssn", "text": "545-35-3314", "expected_len": 1},
        {"id": "2", "entity": "us_ssn", "text": "000-90-4399", "expected_len": 1},
        {"id": "3", "entity": "moon_id", "text": "1", "expected_len": 1},
    ]

    metrics = evaluating.evaluate_cases(cases=write_jsonl(tmp_path / "v.jsonl", rows))

    assert (metrics["share"], metrics["count"]) == (0.5, 2)
    assert metrics["not_supported"] == {"moon_id": 1}
    assert metrics["wrong"] == ["2"]


def test_numbers_are_counted_by_their_verdicts(tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    path.write_text(
        "id,module,value,valid\n1,br.cpf,442.865.053-16,True\n2,br.cpf,442.865.053-10,False\n3,xx.yy,1,True\n"
    )

    metrics = evaluating.evaluate_cases(cases=path)

    assert (metrics["share"], metrics["count"], metrics["not_supported"]) == (1, 2, {"xx.yy": 1})


def test_telephones_are_counted_in_three_styles(tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text("id,region,country_code,type,national,e164\nGB-fixed,GB,44,fixed_line,2079460958,+442079460958\n")

    metrics = evaluating.evaluate_cases(cases=path)

    assert (metrics["share"], metrics["count"]) == (1, 3)
    assert list(metrics["per_type"]) == ["e164", "international", "national"]


@pytest.mark.parametrize("content", ["", "{", '{"text": "a"}\n', '{"text": "a", "spans": [{"start": "x"}]}\n', "[1]\n"])
def test_cases_of_no_known_kind_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(content)

    with pytest.raises(CasesUnreadable):
        evaluating.evaluate_cases(cases=path)
