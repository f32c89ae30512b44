"""Does any canary stand anywhere in plain text? The run as a whole: controls, listening, reading, clean-up, result."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import psycopg
from redis.exceptions import RedisError

from apps.ops.services.scanning.canaries import Canary
from apps.ops.services.scanning.databases import Connection, DatabaseAccess
from apps.ops.services.scanning.listening import Ear
from apps.ops.services.scanning.matching import Matcher
from apps.ops.services.scanning.needles import Needle, build_needles
from apps.ops.services.scanning.places import Places
from apps.ops.services.scanning.problems import CanariesUnusable, ScanUnderWay, StoreUnreadable
from apps.ops.services.scanning.search import CONTROL, Finding, Search, StoreReport
from apps.ops.services.scanning.stores import MARK, Store

_LOCK = 0x5CA9_C0DE
_WATCH_SECONDS = 2.0
StoreT = TypeVar("StoreT", bound=Store)
_UNREADABLE = (psycopg.Error, RedisError, OSError)


@dataclass(frozen=True)
class ScanResult:
    """What a scan says. ``problems`` mean that it did not see everything, whatever else it found."""

    stores: list[StoreReport]
    findings: dict[Finding, int]
    total_findings: int
    counts: dict[tuple[str, str, str], int]
    canaries: int
    needles: int
    seconds: float
    out_of_reach: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """Every store that is blind or was not read to its end, in words."""
        blind = [f"{one.name} is blind: control not found ({', '.join(one.blind_for)})" for one in self._blind()]
        unread = [f"{one.name}: {problem}" for one in self.stores for problem in one.unread]
        closed = [f"{one.name}: could not be unpacked: {what}" for one in self.stores for what in one.opaque]
        return blind + unread + closed

    def _blind(self) -> list[StoreReport]:
        return [report for report in self.stores if report.blind_for]

    @property
    def exit_code(self) -> int:
        """2 if something was not seen, 1 if something was found, 0 if all was seen and nothing found."""
        return 2 if self.problems else int(bool(self.total_findings))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values; it holds no canary and nothing from around one."""
        return {
            "exit_code": self.exit_code,
            "problems": self.problems,
            "canaries": self.canaries,
            "needles": self.needles,
            "seconds": round(self.seconds, 1),
            "bytes_read": sum(report.bytes_read for report in self.stores),
            "stores": [asdict(report) for report in self.stores],
            "out_of_reach": self.out_of_reach,
            "left_out": list(self.left_out),
            "total_findings": self.total_findings,
            "counts": [
                {"store": store, "where": where, "kind": kind, "findings": count}
                for (store, where, kind), count in sorted(self.counts.items())
            ],
            "findings": [asdict(finding) | {"times": times} for finding, times in self.findings.items()],
        }


def scan(
    *,
    canaries: Sequence[Canary],
    places: Places,
    lock: DatabaseAccess,
    listen_seconds: float = 0.0,
    left_out: Sequence[str] = (),
    on_progress: Callable[[str], None] = lambda _line: None,
) -> ScanResult:
    """Plant controls in every store, search everything, take the controls away again.

    Raises CanariesUnusable if ``left_out`` names no store, ScanUnderWay, StoreUnreadable if the lock cannot be had.
    """
    started = time.monotonic()
    ears = _choose(places.ears, left_out)
    stores = _choose(places.stores, left_out)
    _check_left_out(places, left_out)
    with _only_one(lock):
        run = _Run(ears, stores, canaries, on_progress)
        try:
            run.prepare()
            run.listen(listen_seconds)
            run.search_all()
        finally:
            run.clean_up()
    return ScanResult(
        stores=list(run.search.stores.values()),
        findings=run.search.findings,
        total_findings=run.search.total,
        counts=dict(run.search.counts),
        canaries=len(canaries),
        needles=run.needles,
        seconds=time.monotonic() - started,
        out_of_reach=places.out_of_reach,
        left_out=tuple(left_out),
    )


def _choose(stores: Sequence[StoreT], left_out: Sequence[str]) -> list[StoreT]:
    return [store for store in stores if store.name not in left_out]


def _check_left_out(places: Places, left_out: Sequence[str]) -> None:
    names = {store.name for store in (*places.stores, *places.ears)}
    unknown = sorted(set(left_out) - names)
    if unknown:
        raise CanariesUnusable(f"There is no store {', '.join(unknown)}. There are: {', '.join(sorted(names))}.")


@contextmanager
def _only_one(lock: DatabaseAccess) -> Iterator[None]:
    """Hold a lock that the server drops when this process ends, however it ends."""
    try:
        connection: Connection = lock.connect_owner()
    except psycopg.Error as error:
        raise StoreUnreadable(f"Database {lock.name} does not answer ({type(error).__name__}).") from error
    with connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row is None or not row[0]:
            raise ScanUnderWay
        yield


class _Run:
    """One run over chosen stores. A store that cannot be reached is noted, and left alone from then on."""

    def __init__(
        self, ears: list[Ear], stores: list[Store], canaries: Sequence[Canary], on_progress: Callable[[str], None]
    ) -> None:
        self.ears = ears
        self.stores = stores
        self._failures: dict[str, str] = {}
        self._controls = {store.name: self._plan_controls(store) for store in (*ears, *stores)}
        needles = [*build_needles(canaries), *(one.needle for plan in self._controls.values() for one in plan)]
        self.needles = len(needles)
        self.search = Search(Matcher(needles), on_progress=on_progress)

    def _plan_controls(self, store: Store) -> "list[_Control]":
        with self._noting_failure(store):
            return [_Control(name, report, _make_token()) for name, report in store.list_controls().items()]
        return []

    def prepare(self) -> None:
        """Take away what a killed run has left, begin to listen, plant."""
        for store in (*self.stores, *self.ears):
            self.search.store(store.name)
            for control in self._controls[store.name]:
                self.search.store(control.report).controls[control.name] = False
        for store in self.stores:
            with self._noting_failure(store):
                store.remove()
        for ear in self.ears:
            with self._noting_failure(ear):
                ear.plant(self._tokens(ear))
                ear.begin(self.search)
        for store in self.stores:
            with self._noting_failure(store):
                store.plant(self._tokens(store))

    def listen(self, seconds: float) -> None:
        """Look again and again at what changes, for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for store in self.stores:
                with self._noting_failure(store):
                    store.watch(self.search)
            time.sleep(max(0.0, min(_WATCH_SECONDS, until - time.monotonic())))

    def search_all(self) -> None:
        """Read every store to its end, then end listening."""
        for store in self.stores:
            self.search.on_progress(f"{store.name} …")
            with self._noting_failure(store):
                store.search(self.search)
        for ear in self.ears:
            with self._noting_failure(ear):
                ear.finish()
        for name, failure in self._failures.items():
            self.search.store(name).unread.append(failure)

    def clean_up(self) -> None:
        """Take the controls away, also where something else has failed."""
        for store in (*self.ears, *self.stores):
            with suppress(*_UNREADABLE):
                store.remove()

    def _tokens(self, store: Store) -> dict[str, str]:
        return {control.name: control.token for control in self._controls[store.name]}

    @contextmanager
    def _noting_failure(self, store: Store) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as error:
            self._failures[store.name] = f"cannot be reached or read ({type(error).__name__})"


@dataclass(frozen=True, slots=True)
class _Control:
    """Something to be planted, and the report in which it must then show up."""

    name: str
    report: str
    token: str

    @property
    def needle(self) -> Needle:
        return Needle(self.token.encode(), f"{self.report}: {self.name}", CONTROL, "UTF-8")


def _make_token() -> str:
    return f"{MARK}-{secrets.token_hex(16)}"
