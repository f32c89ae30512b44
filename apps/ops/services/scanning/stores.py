"""What is a store to the scanner? Something that can be given a control, searched, and rid of the control again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from apps.ops.services.scanning.search import Search

# Everything planted carries this in its name, so that the next run finds what a killed one has left.
MARK = "scan-control"


class Store(ABC):
    """One place where data lies. ``controls`` are the ways into it, each of which is proved to be seen."""

    name: str
    controls: ClassVar[tuple[str, ...]] = ()

    def list_controls(self) -> dict[str, str]:
        """Return the controls this store can take as it is configured, each with the report it must show up in."""
        return dict.fromkeys(self.controls, self.name)

    @abstractmethod
    def plant(self, tokens: Mapping[str, str]) -> None:
        """Put each token where its control name says, by the store's own means."""

    @abstractmethod
    def search(self, search: Search) -> None:
        """Read everything. What cannot be read is noted in the store's report."""

    @abstractmethod
    def remove(self) -> None:
        """Take away all controls, of this run and of runs that were killed. Safe to repeat."""

    def watch(self, search: Search) -> None:
        """Look at what changes while traffic flows; nothing for stores that only grow."""
        del search
