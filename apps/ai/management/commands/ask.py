"""`manage.py ask --org demo "How long is delivery?" --json`"""

import json
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import selectors as account_selectors
from apps.ai.services import asking
from apps.core import errors, tenancy


class Command(BaseCommand):
    help = "Ask a question as a visitor would: the same pipeline as a chat message, answered in this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--org", required=True, help="Short name of the organisation.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of text.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organisation = account_selectors.get_organisation_by_slug(options["org"])
            with tenancy.scope(organisation.id):
                asked = asking.ask(question=options["question"], client_id=uuid4())
        except errors.SuiteError as error:
            raise CommandError(error.message) from None
        if options["json"]:
            self.stdout.write(json.dumps(asked.model_dump(mode="json"), ensure_ascii=False))
            return
        self.stdout.write(asked.answer)
        for citation in asked.citations:
            self.stdout.write(f"\n[{citation.n}] {citation.title}\n{citation.passage}")
