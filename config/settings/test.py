"""Overrides in tests: real PostgreSQL and Valkey, cheap password hashes."""

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES_STATICFILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
