"""Files of articles are read row by row; what is no article is named with its line and the reason."""

import json
from pathlib import Path

import pytest

from apps.knowledge.errors import ImportFormatUnknown, ImportPathMissing, ImportUnreadable
from apps.knowledge.services import reading
from apps.knowledge.types import Audience

OPTIONS = reading.ReadingOptions(locale="en")


def read(path: Path, options: reading.ReadingOptions = OPTIONS) -> list[tuple[str, str, str, str]]:
    """Return place, id, title and text (or the problem) of each row."""
    return [
        (row.place, row.draft.external_id, row.draft.title, row.draft.body)
        if row.draft is not None
        else (row.place, "", "", row.problem)
        for row in reading.read_rows(path, options)
    ]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_jsonl_has_one_article_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"id": 7, "title": "T", "text": "Ä\\u0000b"}\n\n{"id":"b","text":"x"}'.encode())

    assert read(path) == [("line 1", "7", "T", "Äb"), ("line 3", "b", "", "x")]
    assert reading.count_rows(path) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"title": "T", "text": "x"}', "no id"),
        (b'{"id": " ", "text": "x"}', "no id"),
        (b'{"id": "a"}', "there is neither a title nor text"),
        (b'{"id": "a", "text": null, "title": ""}', "there is neither a title nor text"),
        (b'{"id": "a", "text": ["x"]}', "text is not text"),
        (b'{"id": true, "text": "x"}', "id is not text"),
        (b'{"id": "a", "text": "\xff"}', "not valid UTF-8"),
        (b'{"id": "a", "text": "x", "audience": "martians"}', "unknown audience 'martians'"),
        (b'{"id": "' + b"a" * 401 + b'", "text": "x"}', "the id has more than 400 characters"),
        (b'{"id": "a", "text": "' + b"x" * 1_000_001 + b'"}', "the text has more than 1,000,000 characters"),
        (b'{"id": "a", "text": "' + b"x" * 5_000_000 + b'"}', "the text has more than 1,000,000 characters"),
        (b"x" * 9_000_000, "longer than 8 MiB"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\x00", "not valid JSON"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: bytes, problem: str) -> None:
    path = write(tmp_path / "a.jsonl", b'{"id":"1","text":"x"}\n' + line + b'\n{"id":"3","text":"y"}\n')

    assert read(path) == [("line 1", "1", "", "x"), ("line 2", "", "", problem), ("line 3", "3", "", "y")]


def test_halves_of_characters_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"id":"1","text":"a\\ud83db"}\n')

    assert read(path) == [("line 1", "1", "", "ab")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_by_the_names_of_its_columns(tmp_path: Path, delimiter: str) -> None:
    lines = [["Doc_ID", "Question", "Answer", "Lang"], ["a", "Why?", '"Two\nlines"', "de"], ["b", "", "x", ""]]
    path = write(tmp_path / "a.csv", "\ufeff".encode() + "\n".join(delimiter.join(line) for line in lines).encode())

    rows = list(reading.read_rows(path, OPTIONS))

    assert read(path) == [("line 3", "a", "Why?", "Two\nlines"), ("line 4", "b", "", "x")]
    assert [row.draft.locale for row in rows if row.draft] == ["de", "en"]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"nr,q,a,id\n1,Why?,Because.,x\n")
    options = reading.ReadingOptions(fields={"id": "nr", "title": "q", "text": "a"})

    assert read(path, options) == [("line 2", "1", "Why?", "Because.")]


def test_bad_lines_of_a_csv_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"id,text\na,x\nb,y,z\nc,\xff\n,w\ne\nf,a\x00b\n")

    assert read(path) == [
        ("line 2", "a", "", "x"),
        ("line 3", "", "", "more fields than the first line has columns"),
        ("line 4", "", "", "not valid UTF-8"),
        ("line 5", "", "", "no id"),
        ("line 6", "", "", "there is neither a title nor text"),
        ("line 7", "f", "", "ab"),
    ]


@pytest.mark.parametrize(
    ("header", "problem"),
    [(b"a,b\n1,2\n", "no column for the text"), (b"title,text\n1,2\n", "--id-field"), (b"", "text")],
)
def test_a_csv_without_the_columns_is_refused(tmp_path: Path, header: bytes, problem: str) -> None:
    path = write(tmp_path / "a.csv", header)

    with pytest.raises(ImportUnreadable, match=problem):
        read(path)


def test_a_folder_is_read_with_its_subfolders_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "page.html", b"<html><title>Page</title><p>Hello")
    write(tmp_path / "a-first.md", b"Just text")
    write(tmp_path / "c.md", b"---\nid: own\naudience: internal\n---\n# Title\n\nText")
    write(tmp_path / "d.md", b"\xff\xfe")
    write(tmp_path / "ignored.txt", b"no")

    assert read(tmp_path) == [
        ("a-first.md", "a-first.md", "a first", "Just text"),
        ("b/page.html", "b/page.html", "Page", "Hello"),
        ("c.md", "own", "Title", "Text"),
        ("d.md", "", "", "not valid UTF-8"),
    ]
    assert reading.count_rows(tmp_path) == 4
    rows = list(reading.read_rows(tmp_path, OPTIONS))
    assert [row.draft.audience for row in rows if row.draft][2] == Audience.INTERNAL


def test_a_single_page_may_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "one.md", b"# One\n\nText")

    assert read(path) == [("one.md", "one.md", "One", "Text")]


def test_what_cannot_be_an_import_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ImportPathMissing, match="There is no file or folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(ImportFormatUnknown, match=r"expected \.csv"):
        read(write(tmp_path / "a.xlsx", b""))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportUnreadable, match="holds no md or html file"):
        read(tmp_path / "empty")


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as stream:
        stream.writelines(json.dumps({"id": str(number), "text": "x"}) + "\n" for number in range(50_000))

    rows = reading.read_rows(path, OPTIONS)

    assert next(rows).place == "line 1"
    rows.close()  # type: ignore[attr-defined]
