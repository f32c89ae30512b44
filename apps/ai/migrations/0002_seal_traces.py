"""Traces are encrypted. The old column stays until no row needs it; new rows write nothing into it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ai", "0001_create_ai"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddField(
                    model_name="run",
                    name="sealed_trace",
                    field=models.BinaryField(null=True),
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="run",
                    name="trace",
                    field=models.BinaryField(db_column="sealed_trace", null=True),
                ),
                migrations.AddField(
                    model_name="run",
                    name="plain_trace",
                    field=models.JSONField(db_column="trace", default=dict),
                ),
            ],
        ),
    ]
