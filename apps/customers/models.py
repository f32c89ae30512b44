"""Who writes to us? A visitor: a customer whose identity nobody has verified yet."""

from django.db import models
from django.db.models.functions import Now

from apps.core.models import TenantModel


class Customer(TenantModel):
    """A person on the other side. ``reference`` is what agents call a visitor whose name is not known."""

    reference = models.CharField(max_length=12)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Visitor {self.reference}"
