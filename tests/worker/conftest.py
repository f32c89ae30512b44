"""What do the tests of the worker share? Connections enough for their threads."""

import pytest

from tests.core.threads import return_connections


@pytest.fixture(autouse=True)
def returned_connections() -> None:
    """Let threads of earlier tests return their connections."""
    return_connections()
