"""What do we store of the AI's work, and to whom does it hand redacted text?"""

from apps.core.datamap import (
    Category,
    DataMap,
    Erase,
    Field,
    Plain,
    Protection,
    Purpose,
    Recipient,
    Retention,
    Table,
    Via,
)

RUN = Table(
    "ai.Run",
    "One attempt to answer what a customer wrote, with everything it did on the way.",
    Purpose.SERVICE,
    Via("conversation__customer"),
    Retention.CONVERSATION,
    erase=Erase.DELETE_ROW,
    derived_from=("conversations.Message",),
    technical=(
        *("id", "organisation", "conversation", "job_id", "answer_id", "question_seq", "owner_version", "attempt"),
        *("state", "confidence", "prompt_tokens", "completion_tokens"),
    ),
    activity=("started_at", "finished_at"),
    machine_words={
        "engine": "Which engine did the work of a run: built in, or a model.",
        "model": "The name of the model at its endpoint, as configured.",
        "outcome": "In one word how the run ended: answered, unknown, handed on.",
        "stage_ms": "Milliseconds by the name of each stage.",
    },
    fields={
        "trace": Field(
            Category.DERIVED,
            "Passages with scores, what each engine returned, and what was taken out; from redacted text.",
            Protection.ENCRYPTED,
        ),
        "plain_trace": Field(
            Category.DERIVED,
            "Traces of runs from before traces were encrypted; empty in newer rows.",
            Plain("Rows of an older version, until the move to the encrypted column has emptied them."),
        ),
    },
)

MODEL = Recipient(
    "Provider of the language model",
    "The redacted question, redacted earlier turns, and passages of the knowledge base. Never an original, a name or"
    " an address.",
    "For each answer, if `LLM_BASE_URL` is set. Without it nothing leaves the suite.",
    "Typed tokens in place of personal data; the real values are put back here, for the customer's screen only. The"
    " provider needs a contract under Art. 28 and, outside the region, a basis under Chapter V.",
    Purpose.SERVICE,
)

MAP = DataMap(tables=(RUN,), recipients=(MODEL,))
