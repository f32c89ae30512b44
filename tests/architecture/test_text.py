"""The tree speaks of the product only, finished, and says what each part is for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import source

TEXT_SUFFIXES = (
    *(".py", ".js", ".mjs", ".css", ".html", ".svg", ".md", ".txt", ".in", ".toml", ".yml", ".yaml", ".json"),
    *(".jsonl", ".csv", ".cfg", ".ini", ".sh", ".service", ".conf"),
)
FOLDERS = (*source.CODE_FOLDERS, "templates", "static", "docs", ".ci")
ROOT_FILES = [path for path in source.ROOT.iterdir() if path.is_file() and path.suffix not in {".webp", ".png"}]
TEXTS = [*(path for suffix in TEXT_SUFFIXES for path in source.list_files(*FOLDERS, suffix=suffix)), *ROOT_FILES]
PYTHON = [*source.list_modules(*source.CODE_FOLDERS), source.ROOT / "manage.py"]
RULES = [path for path in source.list_modules("apps", "config", "worker", "launcher") if "migrations" not in path.parts]
# Written in two parts, so that this file does not contain them.
FORBIDDEN = {
    "a path of one machine": (
        rf"(?<![\w.])/(?:{'wo'}rk|{'ro'}ot|{'ho'}me)/|/{'tmp'}/brief|{'sha'}red/(?:data|design|hooks)\b"
    ),
    "the address of a package registry": (
        rf"{'pyp'}i\.org|{'pythonh'}osted|{'npm'}js\.|{'crat'}es\.io|--(?:extra-)?{'inde'}x-url|{'proxy.gol'}ang"
    ),
    "a note of something unfinished": rf"\b(?:{'TO'}DO|{'FIX'}ME|{'XX'}X|{'HA'}CK)\b|(?i:\b{'for'} now\b)",
    "who or what wrote it": rf"(?i)\b(?:{'cla'}ude|{'anthro'}pic|{'copi'}lot|{'chat'}gpt|{'ai'}-generated)\b",
}
DRAWERS = re.compile(r"^_?(?:utils?|helpers?|common|misc|shared|managers?|base_?utils)$")


def _show_line(path: Path, text: str, position: int) -> str:
    return f"{source.show(path)}:{text.count(chr(10), 0, position) + 1}"


def _list_functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_is_something_to_read() -> None:
    assert len(TEXTS) > 200
    assert {"README.md", "Makefile", "Procfile", ".importlinter"} <= {path.name for path in TEXTS}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nowhere_stands(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = {
        _show_line(path, source.read(path), match.start()): match[0]
        for path in TEXTS
        for match in pattern.finditer(source.read(path))
    }

    assert found == {}


def test_words_are_spelled_the_british_way() -> None:
    # Where a library spells it otherwise, its name is used as it is.
    pattern = re.compile(
        r"\b(?:[Oo]rganiz|[Bb]ehavior|[Cc]ustomiz|[Aa]uthoriz(?!ation\b)|[Ff]avorite|[Cc]enter(?:ed)?\b)"
    )
    found = {
        _show_line(path, source.read(path), match.start()): match[0]
        for path in TEXTS
        if path.suffix in {".py", ".md"}
        for match in pattern.finditer(source.read(path))
        if path != Path(__file__)
    }

    assert found == {}


# Code that hides ---------------------------------------------------------------------------------------------


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.unparse(handler.type)
    silent = all(isinstance(node, ast.Pass | ast.Continue) for node in handler.body)
    return silent and (not caught or "Exception" in caught.replace("(", " ").replace(",", " ").split())


def test_no_failure_is_swallowed() -> None:
    swallowed = [
        f"{source.show(path)}:{node.lineno}"
        for path in PYTHON
        for node in ast.walk(source.parse(path))
        if (isinstance(node, ast.ExceptHandler) and _swallows(node))
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node).endswith(("suppress(Exception)", "suppress(BaseException)"))
        )
    ]

    assert swallowed == []


def test_apps_and_workers_import_at_the_top() -> None:
    # An import inside a function hides a cycle.
    hidden = [
        f"{source.show(path)}:{node.lineno}"
        for path in source.list_modules("apps", "worker")
        for function in _list_functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []


def test_nothing_is_left_empty() -> None:
    # A protocol's methods have no body by nature.
    stubs = [
        f"{source.show(path)}:{function.lineno} {function.name}"
        for path in RULES
        for function in _list_functions(path)
        if any(isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node) for node in function.body)
    ]

    assert stubs == []


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = [
        source.show(path)
        for path in source.list_modules("apps", "config", "worker", "launcher", "bench", "tests")
        if DRAWERS.match(path.stem) or any(DRAWERS.match(part) for part in path.relative_to(source.ROOT).parts[:-1])
    ]

    assert drawers == []


# Words that explain ------------------------------------------------------------------------------------------


def test_every_module_says_which_question_it_answers() -> None:
    silent = [
        source.show(path)
        for path in (*RULES, *source.list_modules("bench", "demo", "tests"))
        if source.read(path).strip() and not ast.get_docstring(source.parse(path))
    ]

    assert silent == []


def _list_rules() -> Iterator[tuple[Path, ast.AST]]:
    shelves = {"services", "selectors", "policies"}
    for path in source.list_modules("apps"):
        if shelves & {path.stem, path.parent.name}:
            for node in source.parse(path).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
                    yield path, node


def test_every_public_rule_says_what_it_does_in_at_most_a_few_lines() -> None:
    documented = {
        f"{source.show(path)}:{node.name}": ast.get_docstring(node) or ""  # type: ignore[attr-defined,arg-type]
        for path, node in _list_rules()
    }

    assert [name for name, words in documented.items() if not words] == []
    assert [name for name, words in documented.items() if len(words.splitlines()) > 8] == []


def test_services_take_their_arguments_by_name() -> None:
    positional = [
        f"{source.show(path)}:{node.name}"
        for path, node in _list_rules()
        if {"services"} & {path.stem, path.parent.name}
        if isinstance(node, ast.FunctionDef)
        and _opens_a_transaction(node)
        and (node.args.args or node.args.posonlyargs)
    ]

    assert positional == []


def _opens_a_transaction(function: ast.FunctionDef) -> bool:
    return any("transaction.atomic" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_every_error_is_in_the_users_words() -> None:
    files = [path for path in source.list_modules("apps") if path.name == "errors.py"]
    wordless = [
        f"{source.show(path)}:{node.name}"
        for path in files
        for node in source.parse(path).body
        if isinstance(node, ast.ClassDef) and "errors." in " ".join(ast.unparse(base) for base in node.bases)
        if "default_message" not in ast.unparse(node) and "def __init__" not in ast.unparse(node)
    ]

    assert wordless == []
