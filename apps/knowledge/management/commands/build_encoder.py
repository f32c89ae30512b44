"""Prepares the bundled sentence encoder; done in a moment if it is there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.knowledge.errors import WeightsInvalid
from apps.knowledge.services import building


class Command(BaseCommand):
    help = "Build the bundled sentence encoder (all-MiniLM-L6-v2, int8) from the installed weights."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KNOWLEDGE_ENCODER != "minilm":
            self.stdout.write(f"KNOWLEDGE_ENCODER={settings.KNOWLEDGE_ENCODER} needs no building.")
            return
        try:
            building.build_encoder(folder=settings.VAR_DIR / "encoder", progress=self.stdout.write)
        except WeightsInvalid as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"The encoder could not be written: {error}") from error
