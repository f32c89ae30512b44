"""What do the tests of core share? An empty queue."""

from collections.abc import Iterator

import pytest

from tests.core import factories


@pytest.fixture
def empty_queue() -> Iterator[None]:
    """Begin and end with nothing in the test queue."""
    factories.clear_rings()
    yield
    factories.clear_rings()
