"""What lies in a Valkey? Every key of every type in every database of it, the slow log, and its files on disk."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import redis
from redis.exceptions import ResponseError

from apps.ops.services.scanning.folders import SnapshotFolder
from apps.ops.services.scanning.search import Search
from apps.ops.services.scanning.stores import MARK, Store

_PAGE = 500
_PIECE_BYTES = 4 * 1024 * 1024
# A control nobody removed goes by itself.
_CONTROL_SECONDS = 3600
_SLOW_LOG = "slow log"
# The library's own types do not tell its synchronous client from its asynchronous one.
Client = Any
# By the processor's clock: inside a script, the server's own stands still.
_BUSY = "local from = os.clock() while os.clock() - from < tonumber(ARGV[2]) do end"


def connect(url: str, *, database: int | None = None) -> Client:
    """Return a client that shows bytes as they are."""
    client = redis.Redis.from_url(url)
    if database is not None:
        client.connection_pool.connection_kwargs["db"] = database
    return client


def read_setting(client: Client, name: str) -> str:
    """Return a setting of the server; empty where it may not be asked."""
    try:
        found: dict[str, str] = client.config_get(name)
    except ResponseError:
        return ""
    return next(iter(found.values()), "")


class ValkeyStore(Store):
    """The keys of one server, read by their type, and its slow log."""

    controls: ClassVar[tuple[str, ...]] = ("string", "list", "set", "hash", "sorted set", "stream")

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.slow_log = f"{name}, {_SLOW_LOG}"

    def list_controls(self) -> dict[str, str]:
        planted = super().list_controls()
        return planted | ({_SLOW_LOG: self.slow_log} if self._keeps_slow_log() else {})

    def _keeps_slow_log(self) -> bool:
        with connect(self.url) as client:
            length, threshold = (read_setting(client, f"slowlog-{name}") for name in ("max-len", "log-slower-than"))
        return length != "0" and not threshold.startswith("-")

    def plant(self, tokens: Mapping[str, str]) -> None:
        with connect(self.url) as client:
            writers: dict[str, Any] = {
                "string": lambda key, token: client.set(key, token),
                "list": lambda key, token: client.rpush(key, token),
                "set": lambda key, token: client.sadd(key, token),
                "hash": lambda key, token: client.hset(key, token, token),
                "sorted set": lambda key, token: client.zadd(key, {token: 1.0}),
                "stream": lambda key, token: client.xadd(key, {"field": token}),
            }
            for control, token in tokens.items():
                if control == _SLOW_LOG:
                    threshold = int(read_setting(client, "slowlog-log-slower-than") or 10_000)
                    client.eval(_BUSY, 0, token, str((threshold + 1000) / 1e6))
                else:
                    key = f"{MARK}:{control}"
                    writers[control](key, token)
                    client.expire(key, _CONTROL_SECONDS)

    def remove(self) -> None:
        with connect(self.url) as client:
            for key in client.scan_iter(match=f"{MARK}:*", count=_PAGE):
                client.unlink(key)
            if any(MARK.encode() in _join(entry) for entry in _read_slow_log(client)):
                # Entries cannot be removed one by one; all of them were searched.
                client.slowlog_reset()

    def search(self, search: Search) -> None:
        self.watch(search)
        with connect(self.url) as client:
            for entry in _read_slow_log(client):
                search.look(self.slow_log, "SLOWLOG", _join(entry))
            search.store(self.slow_log)

    def watch(self, search: Search) -> None:
        """Read all keys as they are at this moment."""
        with connect(self.url) as client:
            databases = [int(name.removeprefix("db")) for name in client.info("keyspace")]
        for number in databases:
            with connect(self.url, database=number) as client:
                for key in client.scan_iter(count=_PAGE):
                    self._search_key(client, number, key, search)
        search.on_progress(f"{self.name}: {search.store(self.name).items:,} keys")

    def _search_key(self, client: Client, number: int, key: bytes, search: Search) -> None:
        place = f"db {number}, {key.decode(errors='replace')}"
        search.look(self.name, place, key, column="key")
        kind = client.type(key).decode()
        search.store(self.name).items += 1
        if kind == "none":
            return  # expired since it was listed
        if kind not in _READERS:
            search.store(self.name).unread.append(search.matcher.mask(f"{place}: type {kind} is not known"))
            return
        try:
            for row, value in _READERS[kind](client, key):
                search.look(self.name, place, value, row=row, column=kind)
        except ResponseError as error:
            # Replaced by a key of another type since it was asked: nothing of the one that was listed is left.
            if not str(error).startswith("WRONGTYPE"):
                search.store(self.name).unread.append(search.matcher.mask(f"{place}: {type(error).__name__}"))


def _read_string(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    # Pieces overlap by far more than the longest needle.
    step = _PIECE_BYTES - 64 * 1024
    for start in range(0, max(client.strlen(key), 1), step):
        yield (f"byte {start}" if start else ""), client.getrange(key, start, start + _PIECE_BYTES - 1)


def _read_list(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    for start in range(0, client.llen(key), _PAGE):
        for number, value in enumerate(client.lrange(key, start, start + _PAGE - 1), start):
            yield f"index {number}", value


def _read_hash(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    for field, value in client.hscan_iter(key, count=_PAGE):
        yield "field", field + b"\0" + value


def _read_set(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    for member in client.sscan_iter(key, count=_PAGE):
        yield "member", member


def _read_sorted_set(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    for member, _score in client.zscan_iter(key, count=_PAGE):
        yield "member", member


def _read_stream(client: Client, key: bytes) -> Iterator[tuple[str, bytes]]:
    after = "-"
    while entries := client.xrange(key, min=after, count=_PAGE):
        for entry, fields in entries:
            yield f"entry {entry.decode()}", _join(part for pair in fields.items() for part in pair)
        after = f"({entries[-1][0].decode()}"


_READERS: dict[str, Callable[[Client, bytes], Iterator[tuple[str, bytes]]]] = {
    "string": _read_string,
    "list": _read_list,
    "hash": _read_hash,
    "set": _read_set,
    "zset": _read_sorted_set,
    "stream": _read_stream,
}


def _read_slow_log(client: Client) -> list[list[bytes]]:
    try:
        entries = client.slowlog_get(-1)
    except ResponseError:
        return []
    return [[entry["command"], entry.get("client_address", b""), entry.get("client_name", b"")] for entry in entries]


def _join(parts: Iterable[bytes]) -> bytes:
    return b"\0".join(parts)


class ValkeyFiles(SnapshotFolder):
    """What a Valkey keeps on disk, if its folder can be reached from here."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        super().__init__(name, folder)
        self.url = url

    def list_controls(self) -> dict[str, str]:
        with connect(self.url) as client:
            keeps_log = read_setting(client, "appendonly") == "yes"
            keeps_snapshots = bool(read_setting(client, "save"))
        kept = {"append-only file": keeps_log, "snapshot": keeps_snapshots and not keeps_log}
        return {control: self.name for control, is_kept in kept.items() if is_kept}

    def plant(self, tokens: Mapping[str, str]) -> None:
        with connect(self.url) as client:
            for control, token in tokens.items():
                client.set(f"{MARK}:{control}", token, ex=_CONTROL_SECONDS)
                if control == "snapshot":
                    before = client.lastsave()
                    client.bgsave()
                    _await(lambda: client.lastsave() != before)  # noqa: B023  called before the next round
                else:
                    # Written before the next command is served, unless the disk is being waited for.
                    _await(lambda: self._has_written(token))  # noqa: B023

    def _has_written(self, token: str) -> bool:
        logs = sorted(self.folder.rglob("*.aof"), key=lambda path: path.stat().st_mtime)
        return any(token.encode() in path.read_bytes()[-_PIECE_BYTES:] for path in logs[-1:])

    def remove(self) -> None:
        with connect(self.url) as client:
            for key in client.scan_iter(match=f"{MARK}:*", count=_PAGE):
                client.unlink(key)


def _await(condition: Any, seconds: float = 10.0) -> None:
    """Wait for the disk; whether it was reached in time shows in the search."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
