"""What is in a file or folder to be imported? Drafts of documents, and rows that are none with the reason."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from apps.core.errors import SuiteError
from apps.knowledge.errors import ImportFormatUnknown, ImportPathMissing, ImportUnreadable
from apps.knowledge.services import documents, markup
from apps.knowledge.types import Audience, DocumentDraft

MAX_LINE_BYTES = 8 * 1024 * 1024
# Column names that are understood, in order of preference.
FIELD_NAMES = {
    "id": ("id", "external_id", "doc_id", "document_id", "article_id", "key", "slug"),
    "title": ("title", "question", "name", "subject", "heading"),
    "text": ("text", "body", "answer", "content", "description"),
    "locale": ("locale", "language", "lang"),
    "audience": ("audience",),
}
_PARSERS: dict[str, Callable[[str], markup.ParsedText]] = {
    ".md": markup.parse_markdown,
    ".markdown": markup.parse_markdown,
    ".html": markup.parse_html,
    ".htm": markup.parse_html,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One document found at ``place`` ("line 7", or a file's path), or the reason why it is none."""

    place: str
    draft: DocumentDraft | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Which columns hold what, if their names do not say so; and the locale of documents that do not say."""

    locale: str = "en"
    fields: dict[str, str] = field(default_factory=dict)


def count_rows(path: Path) -> int:
    """Return about how many rows ``path`` holds, for progress. Raises as ``read_rows``."""
    _check(path)
    if path.is_dir() or path.suffix.lower() in _PARSERS:
        return len(_files(path))
    with _opened(path) as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def read_rows(path: Path, options: ReadingOptions) -> Iterator[Row]:
    """Yield what is in ``path``: jsonl, csv, a Markdown or HTML file, or a folder of those.

    Never holds more than one row. Raises ``ImportPathMissing``, ``ImportFormatUnknown``, ``ImportUnreadable``.
    """
    _check(path)
    if path.is_dir() or path.suffix.lower() in _PARSERS:
        yield from _read_files(path, options)
    elif path.suffix.lower() == ".csv":
        yield from _read_csv(path, options)
    else:
        yield from _read_jsonl(path, options)


def _check(path: Path) -> None:
    if not path.exists():
        raise ImportPathMissing(f"There is no file or folder {path}.")
    known = {".jsonl", ".ndjson", ".csv", *_PARSERS}
    if not path.is_dir() and path.suffix.lower() not in known:
        raise ImportFormatUnknown(f"{path.name}: expected {', '.join(sorted(known))}, or a folder of md or html files.")
    if path.is_dir() and not _files(path):
        raise ImportUnreadable(f"The folder {path} holds no md or html file.")


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ImportUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in _PARSERS and file.is_file())


def _read_files(path: Path, options: ReadingOptions) -> Iterator[Row]:
    base = path if path.is_dir() else path.parent
    for file in _files(path):
        place = file.relative_to(base).as_posix()
        try:
            if file.stat().st_size > MAX_LINE_BYTES:
                yield Row(place, problem=f"larger than {MAX_LINE_BYTES >> 20} MiB")
                continue
            parsed = _PARSERS[file.suffix.lower()](file.read_text(encoding="utf-8"))
        except OSError as error:
            yield Row(place, problem=f"cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            yield Row(place, problem="not valid UTF-8")
        else:
            fields = {"id": place, "title": file.stem.replace("-", " ").replace("_", " ")}
            declared = {name: value for name, value in parsed.fields.items() if value}
            yield _make_row(place, {**fields, **declared, "text": parsed.body}, options)


def _read_jsonl(path: Path, options: ReadingOptions) -> Iterator[Row]:
    with _opened(path) as stream:
        for number, line in enumerate(_lines(stream), start=1):
            place = f"line {number}"
            if line is None:
                yield Row(place, problem=f"longer than {MAX_LINE_BYTES >> 20} MiB")
                continue
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                yield Row(place, problem="not valid UTF-8")
            except (ValueError, RecursionError):
                yield Row(place, problem="not valid JSON")
            else:
                if isinstance(value, dict):
                    yield _make_row(place, value, options)
                else:
                    yield Row(place, problem="not a JSON object")


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Yield lines; None for one that is too long, without ever holding all of it."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
        yield None


def _read_csv(path: Path, options: ReadingOptions) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE_BYTES)
    with _opened(path) as raw:
        dialect = _sniff(raw.read(1 << 16))
    # Bytes that are no UTF-8 become lone surrogates: found again below, and reported by line.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.DictReader(stream, dialect=dialect)
        names = [name or "" for name in rows.fieldnames or []]
        header = dict.fromkeys(names, "")
        if _find_field(header, "text", options) is None:
            raise ImportUnreadable(f"{path.name}: no column for the text in its first line ({', '.join(names)[:200]}).")
        if _find_field(header, "id", options) is None:
            raise ImportUnreadable(f"{path.name}: no column for the id; name it with --id-field.")
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield Row(f"line {rows.line_num}", problem=f"not valid CSV: {error}")
                continue
            if row is None:
                return
            yield _make_csv_row(f"line {rows.line_num}", row, options)


def _make_csv_row(place: str, row: dict[str | Any, str | Any], options: ReadingOptions) -> Row:
    values = {name: value for name, value in row.items() if isinstance(name, str) and value is not None}
    if None in row:
        return Row(place, problem="more fields than the first line has columns")
    if any("\udc80" <= character <= "\udcff" for value in values.values() for character in value):
        return Row(place, problem="not valid UTF-8")
    return _make_row(place, values, options)


def _sniff(head: bytes) -> type[csv.Dialect]:
    class Dialect(csv.excel):
        pass

    first = head.decode("utf-8", errors="replace").partition("\n")[0]
    Dialect.delimiter = max(",;\t|", key=first.count)
    return Dialect


def _find_field(row: dict[str, Any], field_name: str, options: ReadingOptions) -> str | None:
    """Return the name under which ``row`` holds ``field_name``: as told, else the first of the usual names."""
    told = options.fields.get(field_name)
    if told:
        return told if told in row else None
    lowered = {name.strip().lower(): name for name in reversed(row)}
    return next((lowered[name] for name in FIELD_NAMES[field_name] if name in lowered), None)


def _make_row(place: str, row: dict[str, Any], options: ReadingOptions) -> Row:
    values: dict[str, str] = {}
    for name in FIELD_NAMES:
        key = _find_field(row, name, options)
        value = row[key] if key is not None else ""
        if not isinstance(value, str | int | float | None) or isinstance(value, bool):
            return Row(place, problem=f"{key} is not text")
        values[name] = "" if value is None else str(value)
    if not values["id"].strip():
        return Row(place, problem="no id")
    try:
        audience = Audience(values["audience"].strip().lower() or Audience.PUBLIC)
    except ValueError:
        return Row(place, problem=f"unknown audience {values['audience'][:40]!r}")
    try:
        draft = documents.make_draft(
            external_id=values["id"],
            title=values["title"],
            body=values["text"],
            locale=values["locale"] or options.locale,
            audience=audience,
        )
    except SuiteError as error:
        return Row(place, problem=error.message)
    return Row(place, draft)
