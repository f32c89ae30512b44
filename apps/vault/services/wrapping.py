"""How is a key kept? Encrypted under a key derived from the root key for its organisation and region."""

import os
from uuid import UUID, uuid4

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.vault.errors import CiphertextTampered, KeyShredded, RootKeyMissing
from apps.vault.models import DataKey
from apps.vault.types import KEY_BYTES, NONCE_BYTES, Key, Purpose

logger = structlog.get_logger(__name__)

_HOW_TO_ADD = "Add it to VAULT_ROOT_KEYS, after the newest (docs/how-to/keys.md)."


def newest_version() -> int:
    """Return the version of the root key under which keys are wrapped now. Raises ``RootKeyMissing``."""
    for version in settings.VAULT_ROOT_KEYS:
        return int(version)
    raise RootKeyMissing("No root key is set: `python manage.py make_root_key` says how to make one.")


def make_key(*, organisation_id: UUID, owner_id: UUID, purpose: Purpose) -> DataKey:
    """Return a row with a new random key, not stored yet."""
    row = DataKey(
        id=uuid4(),
        organisation_id=organisation_id,
        owner_id=owner_id,
        purpose=purpose.value,
        region=settings.VAULT_REGION,
    )
    wrap(row, os.urandom(KEY_BYTES), version=newest_version())
    return row


def wrap(row: DataKey, secret: bytes, *, version: int) -> None:
    """Put ``secret`` into the row, wrapped under this version of the root key."""
    nonce = os.urandom(NONCE_BYTES)
    row.root_version = version
    row.wrapped = nonce + _cipher(row).encrypt(nonce, secret, _place(row))


def unwrap(row: DataKey) -> bytes:
    """Return the row's key. Raises ``KeyShredded``, ``RootKeyMissing``, ``CiphertextTampered``."""
    if row.wrapped is None:
        raise KeyShredded
    wrapped = bytes(row.wrapped)
    try:
        return _cipher(row).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _place(row))
    except (InvalidTag, ValueError):
        raise CiphertextTampered(f"Key {row.id} cannot be unwrapped: it is not what was stored.") from None


def open_row(row: DataKey) -> Key:
    """Return the row's key, ready for use. Raises as ``unwrap``."""
    return Key(row.id, row.organisation_id, row.owner_id, Purpose(row.purpose), unwrap(row))


def _cipher(row: DataKey) -> AESGCM:
    root = settings.VAULT_ROOT_KEYS.get(row.root_version)
    if root is None:
        logger.error("vault.root_key_missing", version=row.root_version)
        raise RootKeyMissing(f"Root key {row.root_version} is not set, but keys are wrapped under it. {_HOW_TO_ADD}")
    info = f"switchboard kek|{row.organisation_id}|{row.region}".encode()
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(root))


def _place(row: DataKey) -> bytes:
    return f"{row.id}|{row.organisation_id}|{row.owner_id}|{row.purpose}|{row.region}|{row.root_version}".encode()
