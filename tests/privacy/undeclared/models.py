"""One model that nobody has declared."""

from django.db import models


class Patient(models.Model):
    """Somebody whose data would go unnoticed."""

    diagnosis = models.TextField()

    class Meta:
        app_label = "undeclared"

    def __str__(self) -> str:
        return f"Patient {self.pk}"
