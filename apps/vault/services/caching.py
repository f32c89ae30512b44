"""How long is an unwrapped key remembered? At most a minute, in this process, and never more than so many."""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from apps.core import clock
from apps.vault.types import Key, Purpose

LONGEST_SECONDS = 60.0
MOST_KEYS = 10_000
# Expired keys are taken out of memory no more often than this.
_CLEAN_UP_SECONDS = 1.0

Owner = tuple[UUID, UUID, Purpose]


class KeyCache:
    """Keys by id and by owner. Thread-safe. A key shredded is remembered as None: it never comes back.

    ``begin`` before asking the database and hand its result to ``put``: what was read before a shredding in this
    process is then not remembered after it.
    """

    def __init__(self, *, seconds: float = LONGEST_SECONDS, most: int = MOST_KEYS) -> None:
        self._seconds = min(seconds, LONGEST_SECONDS)
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[UUID, tuple[Key | None, float]] = OrderedDict()
        self._by_owner: dict[Owner, UUID] = {}
        self._owner_of: dict[UUID, Owner] = {}
        self._generation = 0
        self._timer: threading.Timer | None = None

    def begin(self) -> tuple[int, float]:
        """Return a token for ``put``."""
        return self._generation, clock.monotonic()

    def put(self, key_id: UUID, owner: Owner, key: Key | None, *, token: tuple[int, float]) -> None:
        """Remember a key, or that it was shredded, as it was when ``token`` was taken."""
        generation, asked_at = token
        with self._lock:
            if generation != self._generation and key is not None:
                return
            self._forget(key_id)
            self._drop_expired()
            self._entries[key_id] = (key, asked_at + self._seconds)
            self._by_owner[owner] = key_id
            self._owner_of[key_id] = owner
            while len(self._entries) > self._most:
                self._forget(next(iter(self._entries)))
            self._look_again()

    def find(self, key_id: UUID) -> tuple[bool, Key | None]:
        """Return whether something is known, and the key, None if shredded."""
        entry = self._entries.get(key_id)
        if entry is None:
            return False, None
        key, until = entry
        if clock.monotonic() < until:
            return True, key
        with self._lock:
            self._forget(key_id)
        return False, None

    def find_of(self, owner: Owner) -> tuple[bool, Key | None]:
        """The same, by owner."""
        key_id = self._by_owner.get(owner)
        return (False, None) if key_id is None else self.find(key_id)

    def evict(self, key_ids: Iterable[UUID]) -> None:
        """Forget these keys now, and whatever is being read at this moment."""
        with self._lock:
            self._generation += 1
            for key_id in key_ids:
                self._forget(key_id)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._generation += 1
            self._entries.clear()
            self._by_owner.clear()
            self._owner_of.clear()

    def drop_expired(self) -> None:
        """Forget what is past its time, also if nobody asks for it any more; comes back while something is left."""
        with self._lock:
            self._timer = None
            self._drop_expired()
            self._look_again()

    def _drop_expired(self) -> None:
        now = clock.monotonic()
        # The oldest come first, but for those that took longer to be read: they go with the next.
        while self._entries and (oldest := next(iter(self._entries.items())))[1][1] <= now:
            self._forget(oldest[0])

    def _look_again(self) -> None:
        if self._timer is None and self._entries:
            _, until = next(iter(self._entries.values()))
            self._timer = threading.Timer(max(_CLEAN_UP_SECONDS, until - clock.monotonic()), self.drop_expired)
            self._timer.daemon = True
            self._timer.start()

    def __len__(self) -> int:
        return len(self._entries)

    def _forget(self, key_id: UUID) -> None:
        if self._entries.pop(key_id, None) is not None:
            owner = self._owner_of.pop(key_id)
            if self._by_owner.get(owner) == key_id:
                del self._by_owner[owner]


cache = KeyCache()


def _start_empty_after_fork() -> None:
    # Its lock may be held by a thread that the child does not have.
    global cache
    cache = KeyCache()


os.register_at_fork(after_in_child=_start_empty_after_fork)
