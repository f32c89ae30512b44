"""What is a conversation? Its state, and the messages in order."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from apps.conversations.types import AuthorKind, Channel, MessageKind, OwnerKind, Status
from apps.core.models import TenantModel
from apps.privacy.types import GENERATION
from apps.vault.fields import EncryptedJSONField, EncryptedTextField


def _one_of(field: str, words: type[AuthorKind | Channel | MessageKind | OwnerKind | Status]) -> models.Q:
    return models.Q(**{f"{field}__in": [word.value for word in words]})


class Conversation(TenantModel):
    """One thread with one customer.

    ``last_seq`` numbers messages without gaps: it is raised under the row's lock in the transaction that inserts.
    ``owner_version`` grows with each change of owner; an answer is posted only against the version it started from.
    ``tokens`` say which personal data the tokens in its messages stand for; they change only under the row's lock,
    together with ``last_seq``.
    """

    inbox_id = models.UUIDField()
    channel = models.CharField(max_length=8, choices=[(word.value, word.value) for word in Channel])
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    # Redacted, as everything that lists and searches show.
    title = models.CharField(max_length=120, blank=True, default="")
    tokens = EncryptedJSONField(null=True)
    status = models.CharField(max_length=8, default=Status.OPEN.value)
    owner_kind = models.CharField(max_length=8, default=OwnerKind.AI.value)
    owner_member = models.ForeignKey(
        "accounts.Membership", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    owner_version = models.PositiveIntegerField(default=1)
    last_seq = models.BigIntegerField(default=0)
    last_message_at = models.DateTimeField(db_default=Now())
    # The customer's first message that nobody has answered yet; what the desk sorts by.
    waiting_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=_one_of("channel", Channel), name="conversation_channel_known"),
            models.CheckConstraint(condition=_one_of("status", Status), name="conversation_status_known"),
            models.CheckConstraint(condition=_one_of("owner_kind", OwnerKind), name="conversation_owner_known"),
            models.CheckConstraint(
                condition=~models.Q(owner_kind=OwnerKind.AI.value, owner_member__isnull=False),
                name="conversation_ai_has_no_member",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "status", "-last_message_at", "-id"], name="conversation_by_activity"),
            models.Index(fields=["customer", "-last_message_at"], name="conversation_by_customer"),
        ]

    def __str__(self) -> str:
        return f"Conversation {self.id}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row: that of the customer it came with, whoever they are merged with."""
        return self.customer_id


class Message(TenantModel):
    """One message, or one event shown between messages. Kept twice.

    ``text`` is redacted: the only form for lists, search, models and logs. ``original`` is what was written, encrypted
    under the customer's key; NULL for events, and for an answer of the AI that holds no personal data.
    """

    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    # The conversation's, which never changes. Empty in rows that are not protected yet.
    customer = models.ForeignKey(
        "customers.Customer", null=True, db_index=False, on_delete=models.CASCADE, related_name="+"
    )
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=8, default=MessageKind.TEXT.value)
    author_kind = models.CharField(max_length=8)
    author_member = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(blank=True, default="")
    original = EncryptedTextField(null=True, plain_while=models.Q(redaction=0, kind=MessageKind.TEXT.value))
    # By which generation of the redactor ``text`` was made. 0: by none, it is as it was written.
    redaction = models.PositiveSmallIntegerField(db_default=0)
    event = models.JSONField(null=True)
    citations = models.JSONField(default=list)
    # For answers and replies: the customer's message up to which they answer.
    answers_seq = models.BigIntegerField(null=True)
    engine = models.CharField(max_length=16, blank=True, default="")
    confidence = models.FloatField(null=True)
    client_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                name="message_client_id_once",
                condition=~models.Q(client_id=None),
            ),
            models.CheckConstraint(condition=_one_of("kind", MessageKind), name="message_kind_known"),
            models.CheckConstraint(condition=_one_of("author_kind", AuthorKind), name="message_author_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "customer", "-created_at", "-id"], name="message_by_customer"),
            models.Index(
                fields=["organisation", "conversation", "seq"],
                name="message_unprotected",
                condition=models.Q(redaction__lt=GENERATION),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_kind} #{self.seq}"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row: the conversation's customer."""
        return self.customer_id or self.conversation.customer_id
