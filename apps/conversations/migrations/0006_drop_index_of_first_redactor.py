"""The index of what the first redactor has not read makes room for that of what the second has not."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0005_keep_rows_within_organisation"),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name="message",
            name="message_unprotected",
        ),
    ]
