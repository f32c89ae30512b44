"""What do all tables share? The tenant column, and the table of jobs."""

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import uuid7
from apps.core.tenancy import TenantManager


class TenantModel(models.Model):
    """A row that belongs to one organisation. ``objects`` refuses to work outside ``tenancy.scope``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")

    objects = TenantManager()
    # Across organisations: for sweepers, migrations and operators only. Each use says why.
    everywhere = models.Manager()  # noqa: DJ012  a second manager, which the rule takes for a field

    class Meta:
        abstract = True
        # Reading a foreign key must not depend on the scope: the row that holds it was already reached lawfully.
        base_manager_name = "everywhere"
        default_manager_name = "objects"


class Job(models.Model):
    """One piece of follow-up work, written in the transaction that made it necessary.

    The row is the truth; the queue only wakes a worker. A finished job is deleted, a hopeless one keeps ``dead_at``.
    ``fence`` grows with every claim: whoever holds an older one may no longer change the row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation_id = models.UUIDField(null=True)
    name = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict)
    run_at = models.DateTimeField(db_default=Now())
    # When the sweeper rings for it, should nobody have claimed it by then.
    ring_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")
    dead_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["ring_at"], name="job_open_by_ring", condition=models.Q(dead_at=None)),
            models.Index(fields=["dead_at"], name="job_dead", condition=models.Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"
