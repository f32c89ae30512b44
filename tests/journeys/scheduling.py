"""Which test process runs what? One of them runs all journeys, since they share a suite; the rest is spread.

(`--dist loadgroup` of pytest-xdist 3.8 would do this, but finds no groups with pytest 9.2.)
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it brings no types


class JourneysTogether(LoadScopeScheduling):  # type: ignore[misc]  # for the same reason
    """Large groups begin first, so the journeys are not what everybody waits for in the end."""

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/journeys/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> JourneysTogether:
    """Take the place of `--dist`."""
    return JourneysTogether(config, log)
