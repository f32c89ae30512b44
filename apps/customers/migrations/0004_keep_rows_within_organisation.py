"""Shows customers, and what is known of them, to their own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [
        ("accounts", "0002_keep_rows_within_organisation"),
        ("customers", "0003_index_customers_by_root"),
    ]

    operations = [
        ProtectTenantTable("customer", is_referenced=True),
        ProtectTenantTable("identity"),
        ProtectTenantTable("fact"),
        ProtectTenantTable("merge"),
        ProtectTenantTable("mergesuggestion"),
        ProtectTenantTable("tokensecret"),
    ]
