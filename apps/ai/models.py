"""What did the AI do? One row for each run, with its trace."""

from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import uuid7
from apps.core.models import TenantModel
from apps.vault.fields import EncryptedJSONField


class RunState(models.TextChoices):
    """``superseded``: somebody else answered first, or the owner changed."""

    RUNNING = "running"
    POSTED = "posted"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class Run(TenantModel):
    """One attempt to answer what a customer wrote up to ``question_seq``.

    ``answer_id`` is the id the answer's message will have, so it names the answer while it streams, and a repeated
    attempt after a crash can only store it once.
    """

    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    job_id = models.UUIDField(null=True, unique=True)
    answer_id = models.UUIDField(unique=True, default=uuid7)
    question_seq = models.BigIntegerField()
    owner_version = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    engine = models.CharField(max_length=16, blank=True, default="")
    model = models.CharField(max_length=120, blank=True, default="")
    outcome = models.CharField(max_length=16, blank=True, default="")
    confidence = models.FloatField(null=True)
    # Milliseconds by stage.
    stage_ms = models.JSONField(default=dict)
    # What each step did: passages with scores, engine failures, checks. None while it runs.
    trace = EncryptedJSONField(null=True, db_column="sealed_trace", plain_while=~models.Q(plain_trace={}))
    # Traces from before they were encrypted; empty in newer rows.
    plain_trace = models.JSONField(default=dict, db_column="trace")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            # The AI never talks twice at once.
            models.UniqueConstraint(
                fields=["conversation"],
                name="run_one_at_a_time",
                condition=models.Q(state=RunState.RUNNING.value),
            ),
            models.CheckConstraint(condition=models.Q(state__in=RunState.values), name="run_state_known"),
        ]
        indexes = [models.Index(fields=["conversation", "-question_seq"], name="run_by_conversation")]

    def __str__(self) -> str:
        return f"Run {self.id} ({self.state})"

    @property
    def key_owner_id(self) -> UUID:
        """Whose key encrypts this row: the customer's who is answered."""
        return self.conversation.customer_id
