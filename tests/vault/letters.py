"""A model with one field of each kind, as apps have them, with a table in the tests' database only."""

from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.db import models

from apps.core.ids import uuid7
from apps.core.tenancy import TenantManager
from apps.vault.fields import EncryptedFileField, EncryptedJSONField, EncryptedTextField


class Letter(models.Model):
    """What somebody wrote."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation_id = models.UUIDField()
    writer_id = models.UUIDField(default=uuid4)
    subject = EncryptedTextField(null=True, max_length=40)
    body = EncryptedTextField(null=True)
    facts = EncryptedJSONField(null=True)
    scan = EncryptedFileField(upload_to="letters", null=True)
    stamp = models.CharField(max_length=20, default="")

    objects: ClassVar[Any] = TenantManager()
    everywhere: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "letters"
        base_manager_name = "everywhere"
        default_manager_name = "objects"

    def __str__(self) -> str:
        return f"letter {self.id}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row."""
        return self.writer_id


class Card(models.Model):
    """Something else with a column of the same name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation_id = models.UUIDField()
    writer_id = models.UUIDField(default=uuid4)
    body = EncryptedTextField()

    objects: ClassVar[Any] = TenantManager()
    everywhere: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "letters"

    def __str__(self) -> str:
        return f"card {self.id}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row."""
        return self.writer_id
