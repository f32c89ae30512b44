"""Adds the vector graphs without blocking writers."""

import pgvector.django
from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast


def graph(encoder_key: str, dimensions: int, name: str) -> pgvector.django.HnswIndex:
    column = Cast("embedding", pgvector.django.HalfVectorField(dimensions=dimensions))
    return pgvector.django.HnswIndex(
        OpClass(column, name="halfvec_ip_ops"),
        name=name,
        m=16,
        ef_construction=64,
        condition=models.Q(encoder_key=encoder_key),
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("knowledge", "0002_cover_postings")]

    operations = [
        AddIndexConcurrently("passagevector", graph("all-minilm-l6-v2:int8:1", 384, "vector_graph_minilm")),
        AddIndexConcurrently("passagevector", graph("wordllama-l2-supercat:256:1", 256, "vector_graph_wordllama")),
    ]
