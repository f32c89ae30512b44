"""Overrides in tests: real PostgreSQL and Valkey, cheap password hashes."""

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Tests that commit are cleaned up through the application's connection, which must then count as having the tables.
DATABASE_ROUTERS: list[str] = []
