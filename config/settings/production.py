"""Overrides in production, and refusals: unsafe values stop the start."""

from config import env
from config.settings.base import DEMO
from config.settings.security import ALLOWED_HOSTS, SECRET_KEY, SECRET_KEY_IS_GIVEN

DEBUG = env.boolean("DEBUG", default=False, help="Django's debug pages. Refused in production.")
if DEBUG:
    raise env.BadSetting("DEBUG", "must be off in production")
if DEMO:
    raise env.BadSetting("DEMO", "must be off in production: it shows sign-ins")
if not SECRET_KEY_IS_GIVEN or len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10:
    raise env.BadSetting("SECRET_KEY", "must be set to at least 50 random characters in production")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise env.BadSetting("ALLOWED_HOSTS", "must name the hosts in production; * is refused")

SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=True, help="Send plain HTTP to HTTPS.")
# Probes come over plain HTTP from within; they show no data.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# Believed only where a proxy is known to set it: without one anybody could call plain HTTP encrypted.
BEHIND_TLS_PROXY = env.boolean(
    "BEHIND_TLS_PROXY",
    default=False,
    help="Believe the header X-Forwarded-Proto. Only where a proxy ends TLS and sets or removes it on every request.",
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
