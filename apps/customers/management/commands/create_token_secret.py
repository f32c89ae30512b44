"""`manage.py create_token_secret --org demo --name "Website"`"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import selectors as account_selectors
from apps.core import errors, tenancy
from apps.customers.services import token_secrets


class Command(BaseCommand):
    help = "Make a secret for visitor tokens and print it; it is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", required=True, help="Short name of the organisation.")
        parser.add_argument("--name", required=True, help="Which website's server signs with it.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organisation = account_selectors.get_organisation_by_slug(options["org"])
            with tenancy.scope(organisation.id):
                made = token_secrets.create_token_secret(name=options["name"])
        except errors.SuiteError as error:
            raise CommandError(error.message) from None
        self.stdout.write(made.secret)
