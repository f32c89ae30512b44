"""What do we store of customers themselves, and what becomes of it?"""

from apps.core.datamap import (
    AboutNobody,
    Category,
    DataMap,
    Erase,
    Field,
    IsSubject,
    Plain,
    Protection,
    Purpose,
    Retention,
    Table,
    Via,
    Withheld,
)

CUSTOMER = Table(
    "customers.Customer",
    "A person on the other side, as one channel met them. Several may be one person, tied by merges.",
    Purpose.RECOGNITION,
    IsSubject(),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("organisation", "root"),
    activity=("created_at", "identified_at"),
    fields={
        "id": Field(
            Category.REFERENCE,
            "A random number, by which everything else knows the customer.",
            Plain("Random, so it tells nothing; it is what tables and logs have in place of a name."),
        ),
        "reference": Field(
            Category.REFERENCE,
            "Five random letters and digits that agents can read aloud.",
            Plain("Drawn by lot, and meant to be spoken where a name must not be."),
        ),
        "name": Field(Category.IDENTITY, "What the customer is called.", Protection.ENCRYPTED),
    },
)

IDENTITY = Table(
    "customers.Identity",
    "An address or number by which a customer is known, and how well it is verified.",
    Purpose.RECOGNITION,
    Via("customer"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "customer", "level"),
    activity=("first_seen_at", "last_seen_at"),
    machine_words={
        "kind": "One of the words of IdentityKind: e-mail, phone or external id.",
        "source": "Which door told us of an identity, such as a token or a channel.",
    },
    fields={
        "value": Field(
            Category.CONTACT,
            "The e-mail address, phone number, or number in the organisation's own system.",
            Protection.ENCRYPTED,
        ),
        "blind_index": Field(
            Category.IDENTITY,
            "A keyed hash of the address or number, which finds who else has the same.",
            Protection.BLIND_INDEX,
            export=Withheld("Made from the address, which is in the copy; the hash alone would tell nobody anything."),
        ),
    },
)

FACT = Table(
    "customers.Fact",
    "One thing that one source said about a customer; other sources' words stand beside it.",
    Purpose.RECOGNITION,
    Via("customer"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "customer"),
    activity=("first_seen_at", "last_seen_at"),
    machine_words={
        "key": "Which attribute a fact is about, from a fixed list: name, language and the like.",
        "source": "Which door told us of a fact, such as a token or an agent.",
    },
    fields={
        "value": Field(Category.IDENTITY, "What the source said, word by word.", Protection.ENCRYPTED),
        "blind_index": Field(
            Category.IDENTITY,
            "A keyed hash over customer and fact, which keeps one from being stored twice.",
            Protection.BLIND_INDEX,
            export=Withheld("Made from the fact, whose words are in the copy; it serves comparison only."),
        ),
    },
)

MERGE = Table(
    "customers.Merge",
    "That two customers are taken for one person, why, and who decided so or undid it.",
    Purpose.RECOGNITION,
    Via("low", "high"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "low", "high"),
    activity=("merged_at", "undone_at"),
    staff=("merged_by", "undone_by"),
    machine_words={"reason": "One of the words of Reason: which identity two merged customers share."},
    fields={
        "evidence": Field(
            Category.IDENTITY,
            "The blind index of the identity that both have; empty when people decided.",
            Protection.BLIND_INDEX,
            export=Withheld("A copy of the identity's hash, kept as proof; the identity itself is in the copy."),
        ),
    },
)

SUGGESTION = Table(
    "customers.MergeSuggestion",
    "That two customers may be one person, and what people have decided.",
    Purpose.RECOGNITION,
    Via("low", "high"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    derived_from=("customers.Identity",),
    technical=("id", "organisation", "low", "high"),
    activity=("created_at", "decided_at"),
    staff=("decided_by",),
    machine_words={
        "reason": "One of the words of Reason: which identity two customers seem to share.",
        "state": "One of the words of SuggestionState: open, accepted or dismissed.",
    },
    fields={
        "evidence": Field(
            Category.IDENTITY,
            "The blind index on which the suggestion rests, so that it comes only once.",
            Protection.BLIND_INDEX,
            export=Withheld("It would tell the customer that a stranger has an equal address."),
        ),
    },
)

TOKEN_SECRET = Table(
    "customers.TokenSecret",
    "What a website's server signs visitor tokens with.",
    Purpose.RECOGNITION,
    AboutNobody("It belongs to an organisation's server, and customers appear only in tokens, which are not stored."),
    Retention.ORGANISATION,
    technical=("id", "organisation", "slot", "created_at", "retired_at"),
    staff=("created_by",),
    own_texts={"name": "What the organisation calls this secret, so that it can be replaced."},
    fields={
        "secret": Field(Category.SECRET, "The signing secret, under the organisation's own key.", Protection.ENCRYPTED),
        "prefix": Field(
            Category.SECRET,
            "The beginning of the signing secret, by which people tell secrets apart.",
            Plain("Twelve characters, most of them fixed; 256 random bits of the secret remain unknown."),
        ),
    },
)

MAP = DataMap(tables=(CUSTOMER, IDENTITY, FACT, MERGE, SUGGESTION, TOKEN_SECRET))
