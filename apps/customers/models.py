"""Who writes to us? Customers, what is known of each, and which of them are one person."""

import enum
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from apps.core.models import TenantModel
from apps.customers.types import IdentityKind, Level, Reason, SuggestionState
from apps.vault.fields import EncryptedTextField


def _one_of(field: str, words: type[enum.Enum]) -> models.Q:
    return models.Q(**{f"{field}__in": [word.value for word in words]})


class Customer(TenantModel):
    """A person on the other side, as one channel met them. ``reference`` is what agents call one without a name.

    Customers taken for one person form a family, tied by merges. ``root`` is the family's oldest member, on every
    member and on itself; empty for whoever is in no family. It follows from the merges, which alone are the truth.
    ``identified_at`` is empty while nothing at all is known of this customer.
    """

    reference = models.CharField(max_length=12)
    name = EncryptedTextField(null=True)
    root = models.ForeignKey(
        "customers.Customer", null=True, on_delete=models.RESTRICT, related_name="+", db_index=False
    )
    identified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            # The oldest is the root, so two members can never be each other's.
            models.CheckConstraint(condition=models.Q(root__lte=models.F("id")), name="customer_root_is_oldest"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["root"], name="customer_by_root", condition=models.Q(root__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Visitor {self.reference}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row: the customer's own, whatever family they are in."""
        return self.id

    @property
    def display_name(self) -> str:
        """The name if one is known, else the reference. Opens the customer's key."""
        return self.name or str(self)


class Identity(TenantModel):
    """An address or number by which a customer is known. Equality is asked of ``blind_index`` only."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    value = EncryptedTextField()
    blind_index = models.BinaryField(max_length=32)
    level = models.SmallIntegerField()
    source = models.CharField(max_length=32)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "blind_index"], name="identity_once_per_customer"),
            models.CheckConstraint(condition=_one_of("kind", IdentityKind), name="identity_kind_known"),
            models.CheckConstraint(condition=_one_of("level", Level), name="identity_level_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "kind", "blind_index"], name="identity_by_value"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row."""
        return self.customer_id


class Fact(TenantModel):
    """One thing that one source said about a customer. What another source says stands beside it, not over it."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=40)
    value = EncryptedTextField()
    # Made with the customer's id: it keeps a fact from being stored twice, and says nothing about others' facts.
    blind_index = models.BinaryField(max_length=32)
    source = models.CharField(max_length=32)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["customer", "key", "source", "blind_index"], name="fact_once_per_source"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.customer_id}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row."""
        return self.customer_id


class Merge(TenantModel):
    """Two customers taken for one person, until it is undone. It moves nothing. ``low`` is the older customer."""

    low = models.ForeignKey("customers.Customer", on_delete=models.RESTRICT, related_name="+")
    high = models.ForeignKey("customers.Customer", on_delete=models.RESTRICT, related_name="+")
    reason = models.CharField(max_length=20)
    # The blind index of the identity both have; empty when people decided.
    evidence = models.BinaryField(max_length=32, default=bytes)
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(low__lt=models.F("high")), name="merge_oldest_first"),
            models.CheckConstraint(condition=_one_of("reason", Reason), name="merge_reason_known"),
            models.CheckConstraint(
                condition=models.Q(undone_at__isnull=False) | models.Q(undone_by=None), name="merge_undone_has_time"
            ),
            models.UniqueConstraint(
                fields=["low", "high"], name="merge_once", condition=models.Q(undone_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"Merge {self.id}"


class MergeSuggestion(TenantModel):
    """Two customers who may be one person, for people to decide. The same evidence is never suggested twice."""

    low = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20)
    evidence = models.BinaryField(max_length=32)
    state = models.CharField(max_length=12, default=SuggestionState.OPEN.value)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(low__lt=models.F("high")), name="suggestion_oldest_first"),
            models.CheckConstraint(condition=_one_of("reason", Reason), name="suggestion_reason_known"),
            models.CheckConstraint(condition=_one_of("state", SuggestionState), name="suggestion_state_known"),
            models.UniqueConstraint(fields=["low", "high", "reason", "evidence"], name="suggestion_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organisation", "-created_at"],
                name="suggestion_open",
                condition=models.Q(state=SuggestionState.OPEN.value),
            ),
        ]

    def __str__(self) -> str:
        return f"Suggestion {self.id}"


class TokenSecret(TenantModel):
    """What a website's server signs visitor tokens with. At most three are active: one in each ``slot``."""

    name = models.CharField(max_length=80)
    secret = EncryptedTextField()
    # The beginning, by which people tell secrets apart; 232 random bits remain unknown.
    prefix = models.CharField(max_length=12)
    slot = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    retired_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(slot__in=[1, 2, 3]), name="token_secret_slot_known"),
            models.UniqueConstraint(
                fields=["organisation", "slot"],
                name="token_secret_slot_once",
                condition=models.Q(retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row: the organisation's."""
        return self.organisation_id
