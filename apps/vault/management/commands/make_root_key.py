"""`manage.py make_root_key`: prints a fresh root key, and what to do with it."""

import base64
import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

_HOW = """
# Put the line above in front of the others in VAULT_ROOT_KEYS (in a file, one to a line), and keep a copy of it in a
# safe place apart from all backups: without it nothing encrypted can be read.
# 1. Give all processes the new list and restart them. New keys are wrapped under {number} from then on.
# 2. python manage.py rotate_keys
# 3. When `python manage.py report_keys` shows keys under {number} alone, take the others out and restart.
"""


class Command(BaseCommand):
    help = "Print a new root key with the next number, and how to bring it into use. Nothing is changed."

    def handle(self, *args: Any, **options: Any) -> None:
        number = max(settings.VAULT_ROOT_KEYS, default=0) + 1
        self.stdout.write(f"{number}:{base64.b64encode(secrets.token_bytes(32)).decode()}")
        self.stderr.write(_HOW.format(number=number).strip())
