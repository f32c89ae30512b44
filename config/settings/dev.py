"""Overrides on a developer's machine."""

from config import env

DEBUG = env.boolean("DEBUG", default=False, help="Django's debug pages. Refused in production.")
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
