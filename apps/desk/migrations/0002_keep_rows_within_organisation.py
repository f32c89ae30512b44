"""Shows read marks to their own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [
        ("accounts", "0002_keep_rows_within_organisation"),
        ("conversations", "0005_keep_rows_within_organisation"),
        ("desk", "0001_create_desk"),
    ]

    operations = [
        ProtectTenantTable("readmark"),
    ]
