"""What is a key, what does an encrypted column hold, and who hands out keys?

A ciphertext is ``version (1) | key id (16) | nonce (12) | AES-256-GCM``. It is bound to its place: table, column, row
and organisation go into the authentication, so that bytes moved elsewhere do not open.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from apps.vault.errors import CiphertextTampered, CiphertextUnknown, SealedMisused

VALUE_VERSION = 1
STREAM_VERSION = 2
SEGMENT_BYTES = 64 * 1024
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_HEAD_BYTES = 1 + 16 + NONCE_BYTES
_SALT_BYTES = 32
STREAM_HEAD_BYTES = 1 + 16 + _SALT_BYTES
_STREAM_USE = b"switchboard stream"


class Purpose(StrEnum):
    """What a key is for."""

    DATA = "data"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Key:
    """An unwrapped key. It shows neither itself nor its bytes."""

    id: UUID
    organisation_id: UUID
    owner_id: UUID
    purpose: Purpose
    _secret: bytes = field(repr=False)
    _cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cipher", AESGCM(self._secret))

    def __reduce__(self) -> NoReturn:
        raise SealedMisused("A key must not leave the process.")

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """Return the ciphertext of ``plain``, which opens at ``place`` only."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes((VALUE_VERSION,)) + self.id.bytes + nonce + self._cipher.encrypt(nonce, plain, place)

    def open(self, ciphertext: bytes, place: bytes) -> bytes:
        """Return what was sealed at ``place``. Raises ``CiphertextTampered``."""
        try:
            return self._cipher.decrypt(ciphertext[17:_HEAD_BYTES], ciphertext[_HEAD_BYTES:], place)
        except InvalidTag:
            raise CiphertextTampered from None

    def digest(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message``."""
        return hmac.digest(self._secret, message, hashlib.sha256)

    def derive(self, salt: bytes, use: bytes) -> AESGCM:
        """Return a cipher under a key of its own, for content so long that it needs many nonces."""
        return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=use).derive(self._secret))


def read_key_id(ciphertext: bytes) -> UUID:
    """Return the id of the key that opens it. Raises ``CiphertextTampered``, ``CiphertextUnknown``."""
    if not ciphertext:
        raise CiphertextTampered
    if ciphertext[0] != VALUE_VERSION:
        raise CiphertextUnknown
    if len(ciphertext) < _HEAD_BYTES + TAG_BYTES:
        raise CiphertextTampered
    return UUID(bytes=ciphertext[1:17])


def seal_stream(key: Key, plain: Iterable[bytes], place: bytes) -> Iterator[bytes]:
    """Yield the ciphertext of content of any length: ``version | key id | salt``, then sealed segments of 64 KiB.

    The STREAM construction: each nonce holds the segment's number and whether it is the last, so that segments cannot
    be left out, swapped, or cut off unnoticed. Each stream has a key of its own.
    """
    salt = os.urandom(_SALT_BYTES)
    cipher = key.derive(salt, _STREAM_USE)
    yield bytes((STREAM_VERSION,)) + key.id.bytes + salt
    number, rest = 0, bytearray()
    for chunk in plain:
        rest += chunk
        # One segment is held back: only the end of the content tells which is the last.
        while len(rest) > SEGMENT_BYTES:
            yield cipher.encrypt(_segment_nonce(number, is_last=False), bytes(rest[:SEGMENT_BYTES]), place)
            del rest[:SEGMENT_BYTES]
            number += 1
    yield cipher.encrypt(_segment_nonce(number, is_last=True), bytes(rest), place)


def open_stream(key: Key, head: bytes, read: Callable[[int], bytes], place: bytes) -> Iterator[bytes]:
    """Yield content in the clear, segment by segment; ``read`` goes on where ``head`` ended.

    Raises ``CiphertextTampered``, at the latest instead of the last segment: until then what came may be incomplete.
    """
    cipher = key.derive(head[17:], _STREAM_USE)
    number, segment = 0, _read_fully(read, SEGMENT_BYTES + TAG_BYTES)
    while True:
        following = _read_fully(read, SEGMENT_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_segment_nonce(number, is_last=not following), segment, place)
        except InvalidTag:
            raise CiphertextTampered from None
        if not following:
            return
        number, segment = number + 1, following


def read_stream_head(read: Callable[[int], bytes]) -> tuple[UUID, bytes]:
    """Return the id of the key that opens a stream, and its head. Raises as ``read_key_id``."""
    head = _read_fully(read, STREAM_HEAD_BYTES)
    if not head:
        raise CiphertextTampered
    if head[0] != STREAM_VERSION:
        raise CiphertextUnknown
    if len(head) < STREAM_HEAD_BYTES:
        raise CiphertextTampered
    return UUID(bytes=head[1:17]), head


def measure_stream(sealed_bytes: int) -> int:
    """Return how many bytes in the clear a stream of this length holds."""
    segments = -(-(sealed_bytes - STREAM_HEAD_BYTES) // (SEGMENT_BYTES + TAG_BYTES))
    return max(0, sealed_bytes - STREAM_HEAD_BYTES - max(1, segments) * TAG_BYTES)


def _segment_nonce(number: int, *, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes((is_last,))


def _read_fully(read: Callable[[int], bytes], size: int) -> bytes:
    parts: list[bytes] = []
    while size and (part := read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Sealed:
    """A value as stored. It tells nothing; reading the field of a row in its organisation's scope opens it."""

    __slots__ = ("ciphertext", "row")

    def __init__(self, ciphertext: bytes, row: object = None) -> None:
        self.ciphertext = ciphertext
        # The primary key of the row it was loaded with, so that it cannot be saved into another.
        self.row = row

    def __repr__(self) -> str:
        return "(sealed)"

    def __bool__(self) -> NoReturn:
        raise SealedMisused("A sealed value is neither empty nor full: read it in its organisation's scope.")


class Opened:
    """A value in the clear, in memory only: it has no readable form and cannot be pickled."""

    __slots__ = ("sealed", "value")

    def __init__(self, value: Any, sealed: Sealed | None = None) -> None:
        self.value = value
        self.sealed = sealed

    def __repr__(self) -> str:
        return "(opened)"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.sealed is None:
            raise SealedMisused("A value in the clear must not leave the process: save its row and load it again.")
        return Sealed, (self.sealed.ciphertext, self.sealed.row)

    def __copy__(self) -> "Opened":
        return Opened(self.value, self.sealed)

    def __deepcopy__(self, _memo: object) -> "Opened":
        return Opened(self.value, self.sealed)


class Keyring(Protocol):
    """Who hands out keys. Fields see only this, since they lie below the services."""

    def get_key(self, *, owner_id: UUID) -> Key:
        """Return the owner's key, made at first use."""

    def open_key(self, key_id: UUID) -> Key:
        """Return the key with this id."""


_keyring: Keyring | None = None


def use_keyring(keyring: Keyring) -> None:
    """Let encrypted fields ask ``keyring`` from now on. Called once, when the app is ready."""
    global _keyring
    _keyring = keyring


def current_keyring() -> Keyring:
    """Return what ``use_keyring`` was given."""
    if _keyring is None:
        raise RuntimeError("The vault is not ready: is apps.vault in INSTALLED_APPS?")
    return _keyring
