"""What do we store of conversations, and what becomes of it?"""

from apps.core.datamap import (
    Category,
    DataMap,
    Erase,
    Field,
    Plain,
    Protection,
    Purpose,
    Retention,
    Table,
    Via,
    Withheld,
)

CONVERSATION = Table(
    "conversations.Conversation",
    "One thread with one customer: its state, who owns it, and what its tokens stand for.",
    Purpose.SERVICE,
    Via("customer"),
    Retention.CONVERSATION,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "inbox_id", "customer", "owner_version", "last_seq"),
    activity=("channel", "last_message_at", "waiting_since", "created_at"),
    staff=("owner_member",),
    machine_words={
        "status": "One of the words of Status: open, waiting or closed.",
        "owner_kind": "One of the words of OwnerKind: the AI, a person, or nobody.",
    },
    fields={
        "title": Field(
            Category.CONTENT, "The beginning of the customer's first message, redacted.", Protection.REDACTED
        ),
        "tokens": Field(
            Category.IDENTITY,
            "Which values the typed tokens of this conversation stand for.",
            Protection.ENCRYPTED,
            export=Withheld("Every value is in the original messages, which the copy shows without tokens."),
        ),
    },
)

MESSAGE = Table(
    "conversations.Message",
    "One message of a conversation, once as it was written and once redacted; or an event between messages.",
    Purpose.SERVICE,
    Via("conversation__customer"),
    Retention.CONVERSATION,
    erase=Erase.DELETE_ROW,
    technical=(
        *("id", "organisation", "conversation", "customer", "seq", "answers_seq", "redaction", "confidence"),
        "client_id",
    ),
    activity=("created_at",),
    staff=("author_member",),
    machine_words={
        "kind": "One of the words of MessageKind: a text, or an event.",
        "author_kind": "One of the words of AuthorKind: customer, AI, agent or system.",
        "engine": "Which engine wrote an answer: built in, or a model.",
    },
    fields={
        "original": Field(
            Category.CONTENT, "The words exactly as the customer, the AI or the agent wrote them.", Protection.ENCRYPTED
        ),
        "text": Field(
            Category.CONTENT,
            "The same words with typed tokens: all that search, models, lists and logs ever see.",
            Protection.REDACTED,
        ),
        "event": Field(
            Category.ACTIVITY,
            "What happened between messages, such as a change of owner, with the first name of the agent.",
            Plain("Written by the suite itself; it has no room for anything that a customer wrote."),
        ),
        "citations": Field(
            Category.DERIVED,
            "Which passages of the knowledge base an answer rests on, with their titles and quotes.",
            Plain("Quotes from the organisation's own documents; nothing in it comes from the customer."),
        ),
    },
)

MAP = DataMap(tables=(CONVERSATION, MESSAGE))
