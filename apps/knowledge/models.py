"""What is the knowledge base? Documents from sources, cut into passages, each with vectors and words to find it by."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Cast, Now
from pgvector.django import HalfVectorField, HnswIndex

from apps.core.models import TenantModel
from apps.knowledge.types import Audience


class Source(TenantModel):
    """Where documents come from; ids of documents are unique within one source."""

    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="source_name_once")]

    def __str__(self) -> str:
        return self.name


class Document(TenantModel):
    """One article. Its passages are made anew whenever ``content_hash`` or ``encoder_key`` would change."""

    source = models.ForeignKey("knowledge.Source", on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=400)
    title = models.CharField(max_length=400, blank=True, default="")
    locale = models.CharField(max_length=16, default="en")
    audience = models.CharField(max_length=16, choices=[(word.value, word.value) for word in Audience])
    body = models.TextField()
    content_hash = models.BinaryField(max_length=32)
    encoder_key = models.CharField(max_length=120)
    is_live = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="document_external_id_once"),
            models.CheckConstraint(
                condition=models.Q(audience__in=[word.value for word in Audience]), name="document_audience_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.external_id


class Passage(TenantModel):
    """A stretch of a document small enough to be encoded whole. ``term_count`` is its length for BM25."""

    document = models.ForeignKey("knowledge.Document", on_delete=models.CASCADE, related_name="+", db_index=False)
    ordinal = models.PositiveIntegerField()
    heading = models.CharField(max_length=400, blank=True, default="")
    text = models.TextField()
    start_offset = models.PositiveIntegerField()
    end_offset = models.PositiveIntegerField()
    token_count = models.PositiveIntegerField()
    term_count = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["document", "ordinal"], name="passage_ordinal_once")]

    def __str__(self) -> str:
        return f"{self.document_id} §{self.ordinal}"


def _graph(encoder_key: str, dimensions: int, name: str) -> HnswIndex:
    """One graph per encoder: a search walks only among vectors of its own space."""
    column = OpClass(Cast("embedding", HalfVectorField(dimensions=dimensions)), name="halfvec_ip_ops")
    return HnswIndex(column, name=name, m=16, ef_construction=64, condition=models.Q(encoder_key=encoder_key))


class PassageVector(TenantModel):
    """Where a passage lies in the space of one encoder. Vectors have length 1, so the inner product is the cosine."""

    id = None  # type: ignore[assignment]
    pk = models.CompositePrimaryKey("passage_id", "encoder_key")
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    passage = models.ForeignKey("knowledge.Passage", on_delete=models.CASCADE, related_name="+", db_index=False)
    encoder_key = models.CharField(max_length=120)
    embedding = HalfVectorField()

    class Meta(TenantModel.Meta):
        abstract = False
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "encoder_key"], name="vector_by_organisation"),
            _graph("all-minilm-l6-v2:int8:1", 384, "vector_graph_minilm"),
            _graph("wordllama-l2-supercat:256:1", 256, "vector_graph_wordllama"),
        ]


class Posting(TenantModel):
    """How often a word occurs in a passage: the inverted index behind exact BM25.

    There are some eighty of these per passage, so foreign keys are not checked row by row (the services write and
    delete them together with their passage), and everything a search reads lies in the primary key's index.
    """

    id = None  # type: ignore[assignment]
    pk = models.CompositePrimaryKey("organisation_id", "term", "passage_id")
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    term = models.TextField(db_collation="C")
    passage = models.ForeignKey("knowledge.Passage", on_delete=models.CASCADE, related_name="+", db_constraint=False)
    frequency = models.PositiveSmallIntegerField()
    length = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        abstract = False


class KnowledgeIndex(TenantModel):
    """The state of one organisation's knowledge: its epoch, and the sums BM25 needs. Locked by whoever writes."""

    epoch = models.PositiveBigIntegerField(default=0)
    passage_count = models.PositiveBigIntegerField(default=0)
    term_total = models.PositiveBigIntegerField(default=0)
    # The text-search configurations in use; a question is reduced to words by each of them.
    text_configs = ArrayField(models.CharField(max_length=32), default=list)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["organisation"], name="index_once")]
