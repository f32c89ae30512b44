"""`manage.py migrate`, on the connections that own the tables: first the data's, then the keys'."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

_DATA = "owner"
_KEYS = "keyvault_owner"
_KEYS_APP = "vault"


class Command(migrate.Command):
    """Django's command with another default: as the application role it would record migrations and make nothing."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return super().get_check_kwargs(options | {"database": options["database"] or _DATA})

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] is not None:
            super().handle(*args, **options)
            return
        # With --check the first finding ends the command.
        super().handle(*args, **options | {"database": _DATA})
        if options["app_label"] in (None, _KEYS_APP):
            super().handle(*args, **options | {"database": _KEYS, "app_label": _KEYS_APP})
