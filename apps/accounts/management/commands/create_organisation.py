"""`manage.py create_organisation --slug acme --name "Acme Rail" --owner-email ana@acme.example --owner-name Ana`"""

from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.accounts import services
from apps.accounts.types import Role
from apps.core.errors import SuiteError


class Command(BaseCommand):
    help = "Create an organisation and its owner, who can then sign in. The password is asked for, or read from stdin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="Short name, for commands: letters, digits and hyphens.")
        parser.add_argument("--name", required=True, help="Name as customers see it.")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", required=True)
        parser.add_argument("--assistant-name", default="Assistant", help="What the AI is called.")
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = input() if options["password_stdin"] else getpass(f"Password for {options['owner_email']}: ")
        try:
            validate_password(password)
            with transaction.atomic():
                organisation = services.save_organisation(
                    slug=options["slug"], name=options["name"], assistant_name=options["assistant_name"]
                )
                services.save_member(
                    organisation=organisation,
                    email=options["owner_email"],
                    name=options["owner_name"],
                    role=Role.OWNER,
                    password=password,
                    is_staff=True,
                    is_superuser=True,
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except SuiteError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{organisation.name} is ready. {options['owner_email']} can sign in at /desk/ and /admin/.")
