"""Adds the graph over the vectors of the encoder wordllama, without blocking writers."""

import pgvector.django
from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("knowledge", "0003_index_minilm_vectors")]

    operations = [
        AddIndexConcurrently(
            "passagevector",
            pgvector.django.HnswIndex(
                OpClass(
                    Cast("embedding", pgvector.django.HalfVectorField(dimensions=256)),
                    name="halfvec_ip_ops",
                ),
                name="vector_graph_wordllama",
                m=16,
                ef_construction=64,
                condition=models.Q(encoder_key="wordllama-l2-supercat:256:1"),
            ),
        )
    ]
