"""Do the pages written by hand still tell the truth? Paths, links, commands, pictures, order and numbers."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ADR = ROOT / "docs" / "adr"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
README_LINES = 150
PICTURE_BYTES = 120_000
FOLDERS = "apps|config|worker|launcher|docs|tests|static|templates|demo|bench"

FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
SHELL_FENCE = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
CODE_SPAN = re.compile(r"`([^`]+)`")
# An address within the project: neither a scheme nor a mere fragment of the page.
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
PATH = re.compile(rf"`((?:{FOLDERS})/[^`\s]*)`")
# Where a path leaves something open: <app>, or an ellipsis.
OPEN_PART = re.compile(r"<[^>]*>|…")
MAKE_TARGET = re.compile(r"(?:^|\s)make ([a-z][a-z-]*)")
MANAGE_COMMAND = re.compile(r"manage\.py ([a-z][a-z_]*)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def commands(page: Path) -> str:
    """Return what a reader may type: code within lines, and blocks of shell."""
    return "\n".join([*CODE_SPAN.findall(prose(page)), *SHELL_FENCE.findall(page.read_text())])


def pictures() -> Iterator[tuple[str, Path]]:
    """Yield the alternative text and file of every picture shown."""
    for page in PAGES:
        for text, address in PICTURE.findall(prose(page)):
            yield text, page.parent / address


def is_small_webp(path: Path) -> bool:
    """Tell whether the file is there, is what its name says, and is small enough."""
    if not path.is_file() or path.stat().st_size > PICTURE_BYTES:
        return False
    head = path.read_bytes()[:12]
    return path.suffix == ".webp" and head[:4] == b"RIFF" and head[8:] == b"WEBP"


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.read_text().splitlines()) <= README_LINES


@each_page
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = LINK.findall(prose(page))

    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_every_path_that_is_named_exists(page: Path) -> None:
    paths = PATH.findall(prose(page))

    patterns = {path: OPEN_PART.sub("*", path).rstrip("/") for path in paths}
    assert [path for path, pattern in patterns.items() if not any(ROOT.glob(pattern))] == []


@each_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert sorted(set(MAKE_TARGET.findall(commands(page))) - targets) == []


@each_page
def test_every_management_command_that_is_named_exists(page: Path) -> None:
    assert sorted(set(MANAGE_COMMAND.findall(page.read_text())) - set(get_commands())) == []


def test_pictures_are_small_webp_files_with_a_text_for_those_who_cannot_see_them() -> None:
    shown = list(pictures())

    assert [str(path.relative_to(ROOT)) for text, path in shown if not (text and is_small_webp(path))] == []


def test_the_glossary_is_in_alphabetical_order_and_explains_each_word_once() -> None:
    words = re.findall(r"^- \*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)

    assert words == sorted(set(words), key=str.casefold)


def test_every_decision_has_a_number_of_its_own_which_its_title_repeats() -> None:
    pages = sorted(ADR.glob("[0-9]*.md"))

    numbers = [int(page.name[:4]) for page in pages]
    titles = [re.findall(r"\A# (\d+)\. ", page.read_text()) for page in pages]
    assert numbers == sorted(set(numbers))
    assert titles == [[str(number)] for number in numbers]


def test_the_index_of_decisions_is_complete_and_in_order() -> None:
    listed = re.findall(r"^\| \[\d{4}\]\((\d{4}-[^)]+\.md)\)", (ADR / "README.md").read_text(), re.MULTILINE)

    assert listed == sorted(page.name for page in ADR.glob("[0-9]*.md"))


def test_the_newest_version_in_the_changelog_is_the_one_that_runs() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert versions[0] == settings.VERSION == project["version"]
