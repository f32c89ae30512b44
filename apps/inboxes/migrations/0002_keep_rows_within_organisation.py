"""Shows inboxes and sessions to their own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [
        ("customers", "0004_keep_rows_within_organisation"),
        ("inboxes", "0001_create_inboxes"),
    ]

    operations = [
        ProtectTenantTable("inbox", is_referenced=True),
        ProtectTenantTable("websession"),
    ]
