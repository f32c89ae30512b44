"""Adds the graph over the vectors of the encoder minilm, without blocking writers."""

import pgvector.django
from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("knowledge", "0002_cover_postings")]

    operations = [
        AddIndexConcurrently(
            "passagevector",
            pgvector.django.HnswIndex(
                OpClass(
                    Cast("embedding", pgvector.django.HalfVectorField(dimensions=384)),
                    name="halfvec_ip_ops",
                ),
                name="vector_graph_minilm",
                m=16,
                ef_construction=64,
                condition=models.Q(encoder_key="all-minilm-l6-v2:int8:1"),
            ),
        )
    ]
