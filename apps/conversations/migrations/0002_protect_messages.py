"""Messages are kept twice: redacted, and as written under the customer's key."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_create_conversations"),
        ("customers", "0001_create_customers"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="tokens",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="original",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="redaction",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
    ]
