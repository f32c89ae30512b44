"""How good is redaction? Measured on judged files, through the same calls that read a customer's message.

The kind of file is told by its columns: texts with spans, test vectors of recognisers, national numbers, telephones.
"""

import csv
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from apps.privacy.errors import CasesUnreadable
from apps.privacy.services import redacting, scoring, vectors

Row = dict[str, Any]
Metrics = dict[str, Any]
Progress = Callable[[int], None]

# AmbientMeta's definition; files made of templates are judged as their publisher does, with joined neighbours.
_IOU, _IOU_TEMPLATES = 0.5, 0.7


def evaluate_cases(*, cases: Path, progress: Progress = lambda _steps: None) -> Metrics:
    """Return the metrics over a file of cases. Raises ``CasesUnreadable``."""
    rows = _read(cases)
    columns = set(rows[0])
    try:
        if {"text", "spans"} <= columns:
            return _evaluate_spans(rows, progress)
        if {"entity", "expected_len"} <= columns:
            return vectors.evaluate_recognisers(rows)
        if {"module", "value", "valid"} <= columns:
            return vectors.evaluate_numbers(rows)
        if {"region", "national", "e164"} <= columns:
            return vectors.evaluate_telephones(rows)
    except (KeyError, TypeError, ValueError) as error:
        raise CasesUnreadable(f"A case in {cases.name} is malformed: {error!r}") from error
    raise CasesUnreadable(f"{cases.name} has none of the known columns, but: {', '.join(sorted(columns))}")


def _read(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream) if path.suffix == ".csv" else _json_lines(stream))
    except (OSError, ValueError) as error:
        raise CasesUnreadable(f"{path} cannot be read: {error}") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise CasesUnreadable(f"{path} has no cases.")
    return rows


def _json_lines(lines: Any) -> Iterator[Any]:
    for line in lines:
        if line.strip():
            yield json.loads(line)


def _evaluate_spans(rows: Sequence[Row], progress: Progress) -> Metrics:
    labels = {str(span["label"]) for row in rows for span in row["spans"]}
    known = labels & set(scoring.LABELS)
    templates = "template_id" in rows[0]
    iou = _IOU_TEMPLATES if templates else _IOU
    tally, milliseconds = scoring.Tally(), []
    for row in rows:
        text = str(row["text"])
        started = time.process_time()
        spans = redacting.find_spans(text)
        milliseconds.append((time.process_time() - started) * 1000)
        marked, found = scoring.read_marked(row["spans"], text, known), scoring.read_found(spans, known)
        if templates:
            marked, found = scoring.merge(marked, text), scoring.merge(found, text)
        tally.add(marked, found, category=str(row.get("category") or ""), iou=iou)
        progress(1)
    return {
        **tally.all.measure(),
        "iou": iou,
        "ms_per_text": statistics.fmean(milliseconds),
        "ms_median": statistics.median(milliseconds),
        "per_type": {name: tally.types[name].measure() for name in sorted(tally.types)},
        **_name_missing(labels - known),
        **(
            {"per_category": {name: one.measure() for name, one in tally.categories.items()}}
            if tally.categories
            else {}
        ),
    }


def _name_missing(labels: set[str]) -> Metrics:
    return {"not_supported": sorted(labels)} if labels else {}
