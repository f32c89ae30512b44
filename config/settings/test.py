"""Overrides in tests: real PostgreSQL and Valkey, cheap password hashes."""

from config.settings.base import STORAGES

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Pages name static files as they are: nothing is collected before tests.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Tests that commit are cleaned up through the application's connection, which must then count as having the tables.
DATABASE_ROUTERS = ["config.routers.KeyvaultRouter"]
