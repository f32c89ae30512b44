"""What do we store of the organisation's knowledge, and what becomes of it?"""

from apps.core.datamap import AboutNobody, DataMap, Purpose, Recipient, Retention, Table

SOURCE = Table(
    "knowledge.Source",
    "Where documents come from.",
    Purpose.KNOWLEDGE,
    AboutNobody("Names a collection of documents that the organisation has imported."),
    Retention.KNOWLEDGE,
    technical=("id", "organisation", "created_at"),
    own_texts={"name": "What the organisation calls a source of documents."},
)

DOCUMENT = Table(
    "knowledge.Document",
    "One article, with the text it was imported with.",
    Purpose.KNOWLEDGE,
    AboutNobody("The organisation's own articles, written for its customers and never by them."),
    Retention.KNOWLEDGE,
    technical=("id", "organisation", "source", "audience", "is_live", "created_at", "updated_at"),
    machine_words={
        "locale": "The language tag of an article, such as en or de.",
        "content_hash": "SHA-256 of title and text, which tells whether passages must be made anew.",
        "encoder_key": "Which encoder made the vectors of an article.",
    },
    own_texts={
        "external_id": "The article's name in the system it was imported from.",
        "title": "The article's heading, shown beside citations.",
        "body": "The article's text, as it was imported.",
    },
)

PASSAGE = Table(
    "knowledge.Passage",
    "A stretch of a document small enough to be encoded whole.",
    Purpose.KNOWLEDGE,
    AboutNobody("Cut out of an article, so it says no more about anybody than the article does."),
    Retention.KNOWLEDGE,
    derived_from=("knowledge.Document",),
    technical=(
        *("id", "organisation", "document", "ordinal", "start_offset", "end_offset", "token_count", "term_count"),
    ),
    own_texts={
        "heading": "Under which headings of its article the passage stands.",
        "text": "The passage's words, as they stand in the article.",
    },
)

VECTOR = Table(
    "knowledge.PassageVector",
    "Where a passage lies in the space of one encoder.",
    Purpose.KNOWLEDGE,
    AboutNobody("Computed from passages of articles; questions of customers are encoded and forgotten."),
    Retention.KNOWLEDGE,
    derived_from=("knowledge.Passage",),
    technical=("organisation", "passage"),
    machine_words={
        "encoder_key": "Which encoder made this vector; vectors of different ones never meet.",
        "embedding": "The passage's meaning as some hundreds of numbers.",
    },
)

POSTING = Table(
    "knowledge.Posting",
    "How often one word occurs in one passage.",
    Purpose.KNOWLEDGE,
    AboutNobody("An inverted index over passages of articles; no message is ever indexed here."),
    Retention.KNOWLEDGE,
    derived_from=("knowledge.Passage",),
    technical=("organisation", "passage", "frequency", "length"),
    own_texts={"term": "One word of an article, reduced to its stem."},
)

INDEX = Table(
    "knowledge.KnowledgeIndex",
    "The state of one organisation's knowledge: its epoch and its sums.",
    Purpose.KNOWLEDGE,
    AboutNobody("Counts articles, passages and words of one organisation."),
    Retention.ORGANISATION,
    technical=("id", "organisation", "epoch", "passage_count", "term_total"),
    machine_words={"text_configs": "By which configurations of PostgreSQL words are reduced to stems."},
)

ENCODER = Recipient(
    "Provider of the encoder",
    "Passages of the knowledge base and redacted questions, to be turned into vectors.",
    "Only with `KNOWLEDGE_ENCODER=endpoint`. The bundled encoder runs on the same machine and hands on nothing.",
    "Typed tokens in place of personal data. The provider needs a contract under Art. 28 and, outside the region, a"
    " basis under Chapter V.",
    Purpose.KNOWLEDGE,
)

MAP = DataMap(tables=(SOURCE, DOCUMENT, PASSAGE, VECTOR, POSTING, INDEX), recipients=(ENCODER,))
