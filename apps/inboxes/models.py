"""Where do conversations come in? Configured entry points, and the sessions of their visitors."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.core.models import TenantModel

WEB = "web"


class Inbox(TenantModel):
    """A configured entry point of one channel."""

    name = models.CharField(max_length=80)
    channel = models.CharField(max_length=8, choices=[(WEB, "Web chat")], default=WEB)
    greeting = models.CharField(max_length=300, blank=True, default="")
    # Web pages that may embed the widget, as origins (https://shop.example). Our own pages always may.
    allowed_origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        verbose_name_plural = "inboxes"
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="inbox_name_once")]

    def __str__(self) -> str:
        return self.name


class WebSession(TenantModel):
    """One visitor's browser. The browser holds a secret of 256 random bits; only its SHA-256 is kept."""

    inbox = models.ForeignKey("inboxes.Inbox", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    secret_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["inbox", "secret_hash"], name="session_secret_once")]

    def __str__(self) -> str:
        return f"Session {self.id}"
