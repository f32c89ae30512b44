"""What did a scan see and find? One object that every store reports to."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from apps.ops.services.scanning.layers import expand_value
from apps.ops.services.scanning.matching import Matcher
from apps.ops.services.scanning.needles import Needle

CONTROL = "control"
# Enough to act on; beyond it, findings are only counted.
MOST_FINDINGS = 50_000
LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a canary stands in plain text, without anything of the canary itself or around it."""

    store: str
    place: str
    row: str
    column: str
    canary: str
    kind: str
    encoding: str


@dataclass
class StoreReport:
    """One store: how much of it was read, whether its controls were found, what was not readable."""

    name: str
    controls: dict[str, bool] = field(default_factory=dict)
    bytes_read: int = 0
    items: int = 0
    findings: int = 0
    unread: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def blind_for(self) -> list[str]:
        """The controls that were planted and not found."""
        return [name for name, is_found in self.controls.items() if not is_found]


@dataclass
class Search:
    """All that is found and read in one run; safe to be fed by several threads, each with stores of its own."""

    matcher: Matcher
    stores: dict[str, StoreReport] = field(default_factory=dict)
    findings: dict[Finding, int] = field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    on_progress: Callable[[str], None] = lambda _line: None
    _seen: set[int] = field(default_factory=set)

    def store(self, name: str) -> StoreReport:
        """Return the report of a store, a new one at first."""
        return self.stores.setdefault(name, StoreReport(name))

    def look(self, store: str, place: str, value: bytes, *, row: str = "", column: str = "") -> bool:
        """Search a value that is in memory, and what is packed in it; tells whether anything was found."""
        self.store(store).bytes_read += len(value)
        return self.examine(store, place, value, row=row, column=column)

    def examine(self, store: str, place: str, value: bytes, *, row: str = "", column: str = "") -> bool:
        """Do as ``look`` does with a value that was counted already."""
        found, closed = self.matcher.find(value), list[str]()
        for chunks in expand_value(value, closed):
            found += self.matcher.find_in(chunks)
        self.store(store).opaque += [self.matcher.mask(f"{place} {row} {column}: {one}") for one in closed]
        self.note(store, place, found, row=row, column=column)
        return bool(found)

    def look_through(self, store: str, place: str, chunks: Iterable[bytes], *, column: str = "") -> None:
        """Search a stream in constant memory."""
        self.note(store, place, self.matcher.find_in(self._count(store, chunks)), column=column)

    def _count(self, store: str, chunks: Iterable[bytes]) -> Iterable[bytes]:
        report = self.store(store)
        for chunk in chunks:
            report.bytes_read += len(chunk)
            yield chunk

    def note(self, store: str, place: str, found: Iterable[Needle], *, row: str = "", column: str = "") -> None:
        """Keep what was found: a control makes its store a seeing one, anything else is a finding."""
        report = self.store(store)
        for needle in found:
            if needle.kind == CONTROL:
                control = needle.canary.removeprefix(f"{store}: ")
                if control in report.controls:
                    report.controls[control] = True
                continue
            finding = self._describe(store, place, row, column, needle)
            if hash(finding) not in self._seen:
                self._seen.add(hash(finding))
                report.findings += 1
                self.counts[store, column or finding.place, needle.kind] += 1
                if len(self.findings) < MOST_FINDINGS:
                    self.findings[finding] = 0
            if finding in self.findings:
                self.findings[finding] += 1

    def _describe(self, store: str, place: str, row: str, column: str, needle: Needle) -> Finding:
        # Cut after masking: half a canary is not recognised any more.
        shown_place, shown_row = (self.matcher.mask(text)[:LONGEST_LABEL] for text in (place, row))
        return Finding(store, shown_place, shown_row, column, needle.canary, needle.kind, needle.encoding)

    @property
    def total(self) -> int:
        """How many different findings there are, listed or not."""
        return len(self._seen)
