"""How close does an import come to the encoder's own speed?

``python -m bench.import_knowledge`` imports made-up rows of several lengths into a database of its own and, in the same
run, encodes the same passages without a database. Both are done by turns, a third of the rows at a time and in changing
order, so that a disturbance meets both; the share is the one speed divided by the other.
``python -m bench.import_knowledge FILE.jsonl`` does the same with a file of yours.
Exit status 1 if a target is missed: 90 % for passages of 128 tokens and more, 60 % for short rows.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.encoder import find_words, make_text
from bench.measuring import describe_machine
from launcher.embedded import running

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.knowledge.types import Encoder

# Words a row, and rows.
MADE_UP = {"short rows": (20, 12_000), "128 tokens": (128, 4_500), "articles": (900, 750)}
TURNS = 3
LONG_TOKENS = 128
TARGET_LONG, TARGET_SHORT = 0.90, 0.60


@dataclass(frozen=True, slots=True)
class Figures:
    """What one file gave. Speeds in passages a second."""

    name: str
    rows: int
    passages: int
    tokens_per_passage: float
    encoder_speed: float
    import_speed: float
    share: float
    target: float


def main() -> int:
    """Print a line per file."""
    parser = argparse.ArgumentParser(prog="python -m bench.import_knowledge", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as urls:
        os.environ.update(
            VAR_DIR=name,
            DATABASE_URL=urls.database_url,
            DATABASE_OWNER_URL=urls.database_owner_url,
            REDIS_URL=urls.redis_url,
            CACHE_URL=urls.cache_url,
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        figures = _measure_all(Path(name), options.paths)
    if options.json:
        rows = [asdict(row) for row in figures]
        options.json.write_text(json.dumps({"machine": describe_machine(), "files": rows}, indent=2) + "\n")
    return 0 if all(row.share >= row.target for row in figures) else 1


def _measure_all(folder: Path, paths: Sequence[Path]) -> list[Figures]:
    import django

    django.setup()
    from django.core.management import call_command

    from apps.accounts import services as account_services
    from apps.knowledge.services import encoding

    call_command("migrate", database="owner", verbosity=0, interactive=False)
    call_command("build_encoder", verbosity=0, stdout=sys.stderr)
    encoding.warm_up()
    files = {path.name: path for path in paths} or _make_files(folder)
    print(describe_machine(), f"load {os.getloadavg()[0]:.2f}")
    print(f"{'file':<24}{'passages':>10}{'tokens':>8}{'encoder/s':>11}{'import/s':>10}{'share':>8}{'target':>8}")
    figures = []
    for number, (name, path) in enumerate(files.items()):
        organisation = account_services.save_organisation(slug=f"bench-{number}", name=name)
        row = _measure(name, path, organisation, encoding.get_encoder())
        print(
            f"{name[:23]:<24}{row.passages:>10}{row.tokens_per_passage:>8.0f}{row.encoder_speed:>11.1f}"
            f"{row.import_speed:>10.1f}{row.share:>8.0%}{row.target:>8.0%}",
            flush=True,
        )
        figures.append(row)
    return figures


def _make_files(folder: Path) -> dict[str, Path]:
    words = find_words(folder / "encoder")
    files = {}
    for name, (length, count) in MADE_UP.items():
        path = folder / f"{name.replace(' ', '-')}.jsonl"
        with path.open("w") as stream:
            for number in range(count):
                text = make_text(words, length, seed=number)
                stream.write(json.dumps({"id": str(number), "title": "", "text": text}) + "\n")
        files[name] = path
    return files


def _measure(name: str, path: Path, organisation: "Organisation", encoder: "Encoder") -> Figures:
    from apps.core import tenancy
    from apps.knowledge.services import importing, reading

    passages, tokens, rows, encoding_took, importing_took = 0, 0, 0, 0.0, 0.0
    for turn, part in enumerate(_parts(path)):
        texts, part_tokens, part_rows = _passages_of(part, encoder)
        passages, tokens, rows = passages + len(texts), tokens + part_tokens, rows + part_rows
        if turn % 2:
            encoding_took += _time_encoding(encoder, texts)
        started = time.perf_counter()
        with tenancy.scope(organisation.id):
            importing.import_documents(source_name="bench", path=part, options=reading.ReadingOptions())
        importing_took += time.perf_counter() - started
        if not turn % 2:
            encoding_took += _time_encoding(encoder, texts)
    length = tokens / passages
    return Figures(
        name=name,
        rows=rows,
        passages=passages,
        tokens_per_passage=length,
        encoder_speed=passages / encoding_took,
        import_speed=passages / importing_took,
        share=encoding_took / importing_took,
        target=TARGET_LONG if length >= LONG_TOKENS else TARGET_SHORT,
    )


def _parts(path: Path) -> Iterator[Path]:
    """Yield the lines of ``path`` in three files."""
    lines = path.read_bytes().splitlines(keepends=True)
    size = -(-len(lines) // TURNS)
    for start in range(0, len(lines), size):
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as part:
            part.writelines(lines[start : start + size])
            part.flush()
            yield Path(part.name)


def _passages_of(path: Path, encoder: "Encoder") -> tuple[list[str], int, int]:
    """Return the texts that an import of ``path`` encodes, their tokens in all, and the number of rows."""
    from apps.knowledge.services import chunking, reading

    texts, tokens, rows = [], 0, 0
    for row in reading.read_rows(path, reading.ReadingOptions()):
        if row.draft is None:
            continue
        rows += 1
        passages = chunking.split_passages(
            title=row.draft.title, body=row.draft.body, count_tokens=encoder.count_tokens
        )
        tokens += sum(passage.token_count for passage in passages)
        texts += [
            chunking.text_to_encode(title=row.draft.title, heading=passage.heading, text=passage.text)
            for passage in passages
        ]
    return texts, tokens, rows


def _time_encoding(encoder: "Encoder", texts: Sequence[str]) -> float:
    started = time.perf_counter()
    encoder.encode_passages(texts)
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
