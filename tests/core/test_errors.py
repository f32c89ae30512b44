"""The table of anticipated failures."""

from collections.abc import Iterator

import pytest
from django.apps import apps

from apps.core import errors

CATEGORIES = {
    errors.Invalid: (400, 4400, False),
    errors.Unauthenticated: (401, 4401, False),
    errors.Forbidden: (403, 4403, False),
    errors.NotFound: (404, 4404, False),
    errors.Conflict: (409, 4409, False),
    errors.TooLarge: (413, 4413, False),
    errors.TooMany: (429, 4429, True),
    errors.Unavailable: (503, 4503, True),
}


def _subclasses(kind: type[errors.SuiteError]) -> Iterator[type[errors.SuiteError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _named() -> list[type[errors.SuiteError]]:
    labels = {config.name for config in apps.get_app_configs() if config.name.startswith("apps.")}
    return [
        kind
        for kind in _subclasses(errors.SuiteError)
        if ".".join(kind.__module__.split(".")[:2]) in labels and kind not in CATEGORIES
    ]


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_has_its_status_and_close_code(category: type[errors.SuiteError]) -> None:
    assert (category.status, category.close_code, category.retryable) == CATEGORIES[category]


def test_there_are_no_other_categories() -> None:
    assert set(errors.SuiteError.__subclasses__()) == set(CATEGORIES)


def test_every_named_failure_belongs_to_one_category() -> None:
    for kind in _named():
        assert len(set(CATEGORIES) & set(kind.__mro__)) == 1, kind


def test_every_named_failure_has_a_dotted_code_of_its_own() -> None:
    codes = [kind.code for kind in _named() if "code" in vars(kind)]

    assert sorted(set(codes)) == sorted(codes)
    assert [code for code in codes if code.count(".") != 1 or code != code.lower()] == []
    assert [kind for kind in _named() if "code" not in vars(kind)] == []


def test_a_failure_keeps_the_status_of_its_category() -> None:
    for kind in _named():
        assert not {"status", "close_code"} & set(vars(kind)), kind


def test_a_failure_without_words_uses_those_of_its_kind() -> None:
    error = errors.NotFound()

    assert (error.message, str(error), error.retry_after) == ("There is nothing here.",) * 2 + (None,)


def test_a_failure_says_its_own_words_and_when_to_come_back() -> None:
    error = errors.TooMany("Slow down.", retry_after=2.5)

    assert (error.message, str(error), error.retry_after) == ("Slow down.", "Slow down.", 2.5)
