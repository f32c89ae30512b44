"""`manage.py seal_traces`, once after an upgrade from a version that kept traces in the clear."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.ai import selectors
from apps.ai.services import tracing
from apps.core import errors, tenancy


class Command(BaseCommand):
    help = "Encrypt the traces of runs from before. May be stopped and repeated; what is done stays done."

    def handle(self, *args: Any, **options: Any) -> None:
        for organisation_id in selectors.list_organisations_with_plain_traces():
            try:
                with tenancy.scope(organisation_id):
                    done = tracing.seal_traces()
            except errors.SuiteError as error:
                raise CommandError(f"{error.message} Repeat the command; what is done stays done.") from None
            self.stdout.write(f"{organisation_id}: {done} traces sealed")
