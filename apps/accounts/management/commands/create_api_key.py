"""`manage.py create_api_key --org demo --name "Reporting" --scope conversations:read`"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import selectors, services
from apps.accounts.types import Scope
from apps.core import errors, tenancy


class Command(BaseCommand):
    help = "Create an API key and print its secret, which is not kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", required=True, help="Short name of the organisation.")
        parser.add_argument("--name", required=True, help="What the key is for.")
        parser.add_argument("--scope", action="append", required=True, choices=[scope.value for scope in Scope])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organisation = selectors.get_organisation_by_slug(options["org"])
        except errors.SuiteError as error:
            raise CommandError(error.message) from None
        with tenancy.scope(organisation.id):
            key = services.create_api_key(
                actor=None, name=options["name"], scopes=[Scope(scope) for scope in options["scope"]]
            )
        self.stdout.write(key.secret)
