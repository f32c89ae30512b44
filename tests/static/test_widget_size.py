"""What does the widget cost an embedding page? Gzipped sizes as a server sends them, file by file."""

import gzip
import re
from pathlib import Path

import pytest

INBOXES = Path(__file__).resolve().parents[2] / "static" / "inboxes"
SHEETS = [INBOXES / "panel.css", INBOXES.parent / "shared" / "tokens.css"]
FIRST_SCRIPT_LIMIT = 10_000
WHOLE_LIMIT = 30_000
LANGUAGES = sorted(path.stem for path in (INBOXES / "texts").glob("*.js"))
IMPORT = re.compile(r'^(?:import|export) .*?from "(\..+?)";$', re.MULTILINE)


def sent_size(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), compresslevel=9))


def static_imports(path: Path) -> set[Path]:
    found = {path}
    for address in IMPORT.findall(path.read_text()):
        found |= static_imports((path.parent / address).resolve())
    return found


def test_the_first_script_is_small_and_imports_nothing() -> None:
    launcher = INBOXES / "widget.js"

    assert static_imports(launcher) == {launcher}
    assert sent_size(launcher) <= FIRST_SCRIPT_LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_widget_stays_within_its_budget(language: str) -> None:
    texts = INBOXES / "texts" / f"{language}.js"
    files = {INBOXES / "widget.js", *static_imports(INBOXES / "chat.js"), *SHEETS, texts}

    total = sum(sent_size(path) for path in files)

    assert total <= WHOLE_LIMIT, {path.name: sent_size(path) for path in sorted(files)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_of_the_english_one(language: str) -> None:
    names = re.compile(r"^  (\w+):", re.MULTILINE)
    placeholders = re.compile(r"\{\w+\}")
    english = (INBOXES / "texts" / "en.js").read_text()

    texts = (INBOXES / "texts" / f"{language}.js").read_text()

    assert names.findall(texts) == names.findall(english)
    assert set(placeholders.findall(texts)) == set(placeholders.findall(english))
