"""What keeps strangers out?"""

import secrets
from pathlib import Path

from config import env
from config.settings.base import ENVIRONMENT, VAR_DIR


def _local_secret_key() -> str:
    """Return a random key kept in the data folder, so that a laptop needs no configuration and shares no secret."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(f"{path}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64))
        try:
            # Linking fails if another process was first: then its key counts.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


_given_key = env.secret(
    "SECRET_KEY", help="Signs sessions and links; at least 50 random characters. Production needs it."
)
SECRET_KEY_IS_GIVEN = bool(_given_key)
# Production refuses an empty key in a moment, and must not leave one of its own behind.
SECRET_KEY = _given_key or ("" if ENVIRONMENT == "production" else _local_secret_key())
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    () if ENVIRONMENT == "production" else ("localhost", "127.0.0.1", "[::1]"),
    help="Host names this suite answers to. Production needs them; elsewhere: this machine's.",
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", help="Origins whose forms are accepted, with scheme.")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
