"""Shows knowledge to its own organisation only."""

from django.db import migrations

from apps.core.postgres.operations import ProtectTenantTable


class Migration(migrations.Migration):
    # Tables with rows are walled in beside running work; each step can be repeated.
    atomic = False

    dependencies = [("knowledge", "0004_index_wordllama_vectors")]

    operations = [
        ProtectTenantTable("source", is_referenced=True),
        ProtectTenantTable("document", is_referenced=True),
        ProtectTenantTable("passage", is_referenced=True),
        ProtectTenantTable("passagevector"),
        ProtectTenantTable("posting"),
        ProtectTenantTable("knowledgeindex"),
    ]
