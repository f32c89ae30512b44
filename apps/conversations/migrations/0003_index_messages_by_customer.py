"""One timeline per customer, over all conversations."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0002_protect_messages"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(fields=["organisation", "customer", "-created_at", "-id"], name="message_by_customer"),
        ),
    ]
