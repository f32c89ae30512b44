"""Shows members and keys to their own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [("accounts", "0001_create_accounts")]

    operations = [
        ProtectTenantTable("membership", is_referenced=True),
        ProtectTenantTable("apikey"),
    ]
