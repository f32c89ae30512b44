"""Where are the keys of personal data, and under which root keys do they lie?

The root keys wrap all others. They are never in a database: they come from the environment, from a secret file, or, on
a laptop, from the file that `make up` made once.
"""

import base64
import binascii
import re
import secrets

import environ
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config import env
from config.settings import base
from config.settings.base import EMBEDDED, VAR_DIR

_ROOT_KEY_BYTES = 32
_EMBEDDED_ROOT_KEYS = VAR_DIR / "keyvault" / "root-keys"
_NOT_RUNNING = f"postgresql://switchboard_app@/keyvault?host={VAR_DIR / 'run' / 'not-started'}"


def _read_root_keys() -> dict[int, bytes]:
    """Return the root keys by number, the one that wraps new keys first; empty when none is set."""
    name = "VAULT_ROOT_KEYS"
    given = env.secret(
        name,
        private=True,
        help="Root keys as `2:<base64 of 32 bytes>,1:<…>`, the newest first: it wraps, the others only unwrap. Best "
        "given as VAULT_ROOT_KEYS_FILE. Unset: the file of the embedded vault. `manage.py make_root_key` makes one.",
    )
    if not given and _EMBEDDED_ROOT_KEYS.exists():
        given = env.read_file(name, _EMBEDDED_ROOT_KEYS, private=True)
    keys: dict[int, bytes] = {}
    for place, entry in enumerate(re.split(r"[,\s]+", given.strip(", \n")) if given else [], start=1):
        number, key = _parse_root_key(name, place, entry)
        if number in keys:
            raise env.BadSetting(name, f"number {number} is there twice")
        keys[number] = key
    return keys


def _parse_root_key(name: str, place: int, entry: str) -> tuple[int, bytes]:
    # What is refused is never shown: it may be most of a key.
    form = f"entry {place} is not of the form <number>:<base64 of {_ROOT_KEY_BYTES} bytes>"
    number, mark, text = entry.partition(":")
    if not mark or not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise env.BadSetting(name, form)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise env.BadSetting(name, f"{form}: it is no base64") from None
    if len(key) != _ROOT_KEY_BYTES:
        raise env.BadSetting(name, f"{form}: it has {len(key)} bytes")
    if len(set(key)) < 8:
        raise env.BadSetting(name, f"entry {place} is not random; `python manage.py make_root_key` makes one")
    return int(number), key


def _database(url: str, *, pooled: bool) -> dict[str, object]:
    database: dict[str, object] = dict(environ.Env.db_url_config(url))
    options: dict[str, object] = dict(database.get("OPTIONS") or {})  # type: ignore[call-overload]
    # A vault that is away must cost a customer moments, not patience.
    options |= {"application_name": "switchboard", "connect_timeout": 2}
    # A line that is cut without a word is noticed as soon.
    options |= {"tcp_user_timeout": 3000, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 2}
    if pooled:
        database["CONN_HEALTH_CHECKS"] = True
        options["options"] = (
            "-c statement_timeout=2000 -c lock_timeout=1000 -c idle_in_transaction_session_timeout=5000"
        )
        options["pool"] = {"min_size": 0, "max_size": 4, "timeout": 2, "max_idle": 60, "reconnect_timeout": 2}
    else:
        options["options"] = "-c lock_timeout=5000"
    return database | {"OPTIONS": options, "ENGINE": "django.db.backends.postgresql"}


_app_url = env.url(
    "KEYVAULT_DATABASE_URL",
    ("postgres", "postgresql"),
    help="PostgreSQL for the keys of personal data: another server than DATABASE_URL's, backups of at most 14 days. "
    "Unset: the embedded one.",
)
_owner_url = env.url(
    "KEYVAULT_DATABASE_OWNER_URL",
    ("postgres", "postgresql"),
    help="The same database, signed in as the role that owns the tables. Only migrations use it.",
)
_embedded_url = EMBEDDED.get("keyvault_database_url")
_embedded_owner_url = EMBEDDED.get("keyvault_database_owner_url")
KEYVAULT_IS_GIVEN = bool(_app_url or _embedded_url)
DATABASES = {
    **base.DATABASES,
    "keyvault": _database(_app_url or _embedded_url or _NOT_RUNNING, pooled=True),
    "keyvault_owner": _database(_owner_url or _embedded_owner_url or _app_url or _NOT_RUNNING, pooled=False),
}
DATABASE_ROUTERS = ["config.routers.KeyvaultRouter", *base.DATABASE_ROUTERS]

VAULT_REGION = env.text(
    "VAULT_REGION",
    "local",
    pattern="[a-z0-9][a-z0-9-]{0,30}",
    help="The region this deployment serves. Keys made here open only under it; it is kept with each key.",
)
VAULT_ROOT_KEYS = _read_root_keys()


def _derive_channel_keys() -> list[bytes]:
    """Return the keys of what travels between processes; without root keys one that no other process has."""
    roots = list(VAULT_ROOT_KEYS.values()) or [secrets.token_bytes(_ROOT_KEY_BYTES)]
    return [
        HKDF(algorithm=SHA256(), length=32, salt=None, info=b"switchboard channel layer").derive(root) for root in roots
    ]


CHANNEL_KEYS = _derive_channel_keys()
