"""Files and functions stay small enough to be read at once. There is no list of exceptions."""

import ast
from pathlib import Path

import pytest

from tests.architecture import source

CODE_LINES = 500
TEST_LINES = 800
FUNCTION_LINES = 60

CODE = [
    source.ROOT / "manage.py",
    *source.list_modules(*(folder for folder in source.CODE_FOLDERS if folder != "tests")),
]
PAGES = [
    *source.list_files("static", "demo", "deploy", suffix=".js"),
    *source.list_files("static", "demo", suffix=".css"),
    *source.list_files("templates", "demo", suffix=".html"),
]
TESTS = [*source.list_modules("tests"), *source.list_files("tests", suffix=".js")]


def _count_lines(path: Path) -> int:
    return len(source.read(path).splitlines())


def _list_long_functions(path: Path) -> list[str]:
    functions = (
        node for node in ast.walk(source.parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [
        f"{source.show(path)}:{function.lineno} {function.name}"
        for function in functions
        if (function.end_lineno or function.lineno) - function.lineno + 1 > FUNCTION_LINES
    ]


def test_there_is_something_to_measure() -> None:
    assert len(CODE) > 100
    assert len(TESTS) > 10
    assert len(PAGES) > 20


@pytest.mark.parametrize(("paths", "limit"), [(CODE, CODE_LINES), (PAGES, CODE_LINES), (TESTS, TEST_LINES)])
def test_no_file_is_longer_than_its_limit(paths: list[Path], limit: int) -> None:
    too_long = {source.show(path): _count_lines(path) for path in paths if _count_lines(path) > limit}

    assert too_long == {}


def test_no_function_is_longer_than_60_lines() -> None:
    modules = [path for path in (*CODE, *TESTS) if path.suffix == ".py"]

    assert [function for path in modules for function in _list_long_functions(path)] == []
