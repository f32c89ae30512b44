"""What the second redactor has not read is found without looking at the rest."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0006_drop_index_of_first_redactor"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                condition=models.Q(("redaction__lt", 2)),
                fields=["organisation", "conversation", "seq"],
                name="message_unprotected",
            ),
        ),
    ]
