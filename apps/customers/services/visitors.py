"""How does a customer come to be?"""

import secrets
from datetime import datetime

from django.db import transaction

from apps.core import tenancy
from apps.customers.models import Customer

# Easily read over the telephone: no vowels (no words by accident), nothing that looks like something else.
_REFERENCE_LETTERS = "BCDFGHJKMNPQRTVWXYZ2346789"
_REFERENCE_LENGTH = 5


@transaction.atomic
def create_visitor(*, now: datetime) -> Customer:
    """Create a customer about whom nothing is known, in the organisation in scope."""
    reference = "".join(secrets.choice(_REFERENCE_LETTERS) for _ in range(_REFERENCE_LENGTH))
    return Customer.objects.create(
        organisation_id=tenancy.current_organisation_id(), reference=reference, created_at=now
    )
