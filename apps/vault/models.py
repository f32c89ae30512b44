"""Where do keys lie? In a database of their own, wrapped, one for each subject and purpose."""

from django.db import models
from django.db.models.functions import Now

from apps.vault.types import Purpose


class RootKey(models.Model):
    """That a version of the root key has been used, and how to tell its bytes from others. Never the bytes."""

    version = models.PositiveIntegerField(primary_key=True)
    check_value = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"root key {self.version}"


class DataKey(models.Model):
    """The key of one subject (a customer's row) or of one organisation, wrapped under a root key.

    Once shredded the row stays as a tombstone without a key, so that its owner never gets another.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    organisation_id = models.UUIDField()
    owner_id = models.UUIDField()
    purpose = models.CharField(max_length=8)
    region = models.CharField(max_length=32)
    root_version = models.PositiveIntegerField()
    wrapped = models.BinaryField(max_length=60, null=True)
    created_at = models.DateTimeField(db_default=Now())
    shredded_at = models.DateTimeField(null=True)
    # Whether somebody uses it: a transaction that made a key may have been rolled back.
    confirmed_at = models.DateTimeField(null=True)
    unused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "owner_id", "purpose"], name="datakey_once"),
            models.CheckConstraint(
                condition=models.Q(purpose__in=[purpose.value for purpose in Purpose]), name="datakey_purpose_known"
            ),
            models.CheckConstraint(
                condition=models.Q(wrapped=None, shredded_at__isnull=False)
                | models.Q(wrapped__isnull=False, shredded_at=None),
                name="datakey_wrapped_or_shredded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["root_version", "id"], name="datakey_by_root", condition=models.Q(wrapped__isnull=False)
            ),
            models.Index(fields=["created_at"], name="datakey_unconfirmed", condition=models.Q(confirmed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.id}"
