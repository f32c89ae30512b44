"""What is still to be protected is found without looking at the rest."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0003_index_messages_by_customer"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                condition=models.Q(("redaction", 0)),
                fields=["organisation", "conversation", "seq"],
                name="message_unprotected",
            ),
        ),
    ]
