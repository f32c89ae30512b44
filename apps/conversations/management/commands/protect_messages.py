"""`manage.py protect_messages`, once after an upgrade from a version that kept messages as they were written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.conversations import selectors
from apps.conversations.services import protecting_past
from apps.core import errors, jobs, tenancy


class Command(BaseCommand):
    help = "Encrypt and redact the messages from before. May be stopped and repeated; what is done stays done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--queue", action="store_true", help="Leave it to the worker for bulk work instead of waiting for it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for organisation_id in selectors.list_unprotected_organisations():
            with tenancy.scope(organisation_id):
                if options["queue"]:
                    with transaction.atomic():
                        jobs.enqueue("conversations.protect_messages")
                    self.stdout.write(f"{organisation_id}: handed to the worker")
                    continue
                try:
                    done = protecting_past.protect_messages()
                except errors.SuiteError as error:
                    raise CommandError(f"{error.message} Repeat the command; what is done stays done.") from None
            self.stdout.write(f"{organisation_id}: {done} messages protected")
