"""Are the configured root keys those that wrapped the keys in the vault?"""

import hashlib
import hmac

import structlog
from django.conf import settings

from apps.vault.errors import RootKeyMissing, RootKeyUnusable, RootKeyWrong, VaultUnavailable
from apps.vault.models import DataKey, RootKey
from apps.vault.selectors import DATABASE, asking
from apps.vault.services import pairing, wrapping

_NONE = "none is set; `python manage.py make_root_key` makes one (docs/how-to/keys.md)."

_FOREIGN = "this vault has none of the keys of the data; name the one that has them (docs/how-to/keys.md)."

logger = structlog.get_logger(__name__)


def register_newest() -> None:
    """Note down, in the transaction that stores a key, how the root key that wraps it is recognised.

    Raises ``RootKeyMissing``, ``RootKeyWrong``.
    """
    version = wrapping.newest_version()
    noted = RootKey.objects.using(DATABASE)
    noted.bulk_create([RootKey(version=version, check_value=_check_value(version))], ignore_conflicts=True)
    _compare(noted.get(version=version))


def find_refusal() -> str:
    """Return in one line why the suite must not start with these root keys; empty when it may.

    A vault that does not answer is no reason: the suite then works with what needs no keys, and says so.
    """
    if not settings.KEYVAULT_IS_GIVEN:
        return "Setting KEYVAULT_DATABASE_URL: must name the database of keys; `make up` brings one of its own"
    try:
        check_root_keys()
        if pairing.is_foreign():
            return f"Setting KEYVAULT_DATABASE_URL: {_FOREIGN}"
    except RootKeyUnusable as error:
        return f"Setting VAULT_ROOT_KEYS: {error.advice}"
    except VaultUnavailable:
        if not settings.VAULT_ROOT_KEYS:
            return f"Setting VAULT_ROOT_KEYS: {_NONE}"
        logger.warning("vault.unchecked", reason="the database of keys does not answer")
    return ""


def check_root_keys() -> None:
    """Make sure that every key in the vault can be unwrapped, and new ones wrapped.

    Raises ``RootKeyMissing`` and ``RootKeyWrong``, which say what to do, and ``VaultUnavailable``.
    """
    with asking():
        known = list(RootKey.objects.using(DATABASE).order_by("version"))
        wrapped = DataKey.objects.using(DATABASE).filter(wrapped__isnull=False)
        needed = [one for one in known if wrapped.filter(root_version=one.version).exists()]
    for one in known:
        if one.version in settings.VAULT_ROOT_KEYS:
            _compare(one)
    for one in needed:
        if one.version not in settings.VAULT_ROOT_KEYS:
            raise RootKeyMissing(
                f"Root key {one.version} is not set, but keys are wrapped under it: put it back, or nothing encrypted"
                " under them can be read; take it out only after `python manage.py rotate_keys` (docs/how-to/keys.md)."
            )
    if not settings.VAULT_ROOT_KEYS:
        raise RootKeyMissing(_NONE)


def _compare(known: RootKey) -> None:
    if not hmac.compare_digest(bytes(known.check_value), _check_value(known.version)):
        raise RootKeyWrong(
            f"Root key {known.version} is not the one that wrapped the keys: put its former bytes back into"
            " VAULT_ROOT_KEYS, and give a new root key a number of its own (docs/how-to/keys.md)."
        )


def _check_value(version: int) -> bytes:
    return hmac.digest(settings.VAULT_ROOT_KEYS[version], b"switchboard root key check", hashlib.sha256)
