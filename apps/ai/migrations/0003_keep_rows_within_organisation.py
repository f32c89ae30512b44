"""Shows runs to their own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [
        ("ai", "0002_seal_traces"),
        ("conversations", "0005_keep_rows_within_organisation"),
    ]

    operations = [
        ProtectTenantTable("run"),
    ]
