from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("customers", "0002_add_identities_and_merges"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(condition=models.Q(("root__isnull", False)), fields=["root"], name="customer_by_root"),
        ),
    ]
