"""`manage.py rotate_keys`: brings all keys under the newest root key."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.core.errors import SuiteError
from apps.vault.services import rotating, wrapping


class Command(BaseCommand):
    help = "Wrap all keys under the newest root key, while the suite runs. May be stopped and started again."

    def handle(self, *args: Any, **options: Any) -> None:
        bar = tqdm(unit=" keys", file=sys.stderr, desc="rotating")

        def show(rotation: rotating.Rotation) -> None:
            bar.total = rotation.total
            bar.update(rotation.rewrapped - bar.n)

        try:
            rotation = rotating.rotate_keys(on_progress=show)
        except SuiteError as error:
            raise CommandError(str(error)) from None
        finally:
            bar.close()
        self.stdout.write(f"{rotation.rewrapped} keys were brought under root key {wrapping.newest_version()}.")
        if rotation.damaged:
            named = ", ".join(sorted(map(str, rotation.damaged))[:10])
            raise CommandError(
                f"{len(rotation.damaged)} keys cannot be unwrapped and were left as they are: {named}."
                " Restore the vault's database from a backup."
            )
