"""What does the desk remember of its members? How far each has read."""

from django.db import models

from apps.core.models import TenantModel


class ReadMark(TenantModel):
    """The newest message of a conversation that a member has had on the screen."""

    member = models.ForeignKey("accounts.Membership", on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["member", "conversation"], name="read_mark_once")]

    def __str__(self) -> str:
        return f"read up to {self.seq}"
