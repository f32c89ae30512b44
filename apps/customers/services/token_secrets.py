"""With what does a website sign visitor tokens? To rotate: make a new secret, use it, retire the old one."""

import secrets
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.core import tenancy
from apps.customers.errors import TokenSecretNotFound, TooManyTokenSecrets
from apps.customers.models import TokenSecret
from apps.customers.types import TokenSecretMade

if TYPE_CHECKING:
    from apps.accounts.models import Membership

SLOTS = frozenset({1, 2, 3})
_PREFIX_LENGTH = 8


@transaction.atomic
def create_token_secret(*, name: str, actor: "Membership | None" = None) -> TokenSecretMade:
    """Make a secret for the organisation in scope and return it; it is not shown again.

    Raises ``TooManyTokenSecrets``, Django's ``ValidationError`` and ``VaultUnavailable``.
    """
    taken = set(TokenSecret.objects.filter(retired_at=None).values_list("slot", flat=True))
    if not SLOTS - taken:
        raise TooManyTokenSecrets
    secret = f"svt_{secrets.token_urlsafe(32)}"
    row = TokenSecret(
        organisation_id=tenancy.current_organisation_id(),
        name=TokenSecret._meta.get_field("name").clean(name.strip(), None),
        secret=secret,
        prefix=secret[:_PREFIX_LENGTH],
        slot=min(SLOTS - taken),
        created_by=actor,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "token_secret_slot_once" not in str(error):
            raise
        # Somebody made one at the same moment.
        raise TooManyTokenSecrets("Another secret was made at the same moment. Look again and repeat.") from None
    return TokenSecretMade(row.id, row.name, secret)


def retire_token_secret(*, secret_id: UUID) -> None:
    """Accept no token signed with this secret any more. Raises ``TokenSecretNotFound``."""
    if not TokenSecret.objects.filter(id=secret_id, retired_at=None).update(retired_at=Now()):
        raise TokenSecretNotFound
