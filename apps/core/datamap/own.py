"""What does core itself store: jobs, and what lies in the servers that all apps share?"""

from apps.core.datamap import (
    AboutNobody,
    Category,
    DataMap,
    Keep,
    Located,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
    Withheld,
)

JOB = Table(
    "core.Job",
    "One piece of follow-up work, until it is done.",
    Purpose.OPERATION,
    AboutNobody("Names work to do and the ids of what it concerns; a job without its row does nothing."),
    Retention.JOB,
    technical=(
        *("id", "organisation_id", "run_at", "ring_at", "lease_until", "fence", "attempts", "dead_at", "created_at"),
    ),
    machine_words={
        "name": "Which task does the work, as in `ai.answer_conversation`.",
        "arguments": "Ids and small fixed values by the names of a task's arguments, never texts of people.",
        "last_error": "The code or class of the newest failure, never its message.",
    },
)

CONTENT_TYPE = Table(
    "contenttypes.ContentType",
    "Django's list of models.",
    Purpose.OPERATION,
    AboutNobody("Lists the models of this program, one row for each."),
    Retention.INSTALLATION,
    technical=("id",),
    machine_words={
        "app_label": "Which app of the program a model belongs to.",
        "model": "What the class of a model is called.",
    },
)

QUEUE = Store(
    "queue",
    "In the broker: which job is to be done next, by its id.",
    Purpose.OPERATION,
    (Category.TECHNICAL,),
    AboutNobody("A ring carries the id of a job and nothing else; the job's row is the truth."),
    Plain("Random ids, worthless without the database they point into."),
    Retention.MINUTES,
)

CHANNELS = Store(
    "channel layer",
    "In the broker, on its way to open screens: frames with messages, drafts of answers, and who is typing.",
    Purpose.SERVICE,
    (Category.CONTENT, Category.ACTIVITY, Category.STAFF),
    Located("by the conversation's id, of which the group's name is made"),
    Protection.ENCRYPTED,
    Retention.MINUTES,
    erase=Keep(
        "Frames are never stored: what nobody hears is gone, and what is heard is gone as well.", Retention.MINUTES
    ),
    derived_from=("conversations.Message",),
    export=Withheld("Frames repeat messages, which are in the copy, for the moment of their way to a screen."),
)

CACHE = Store(
    "cache",
    "In the cache server: pulses of the queues and answers of health checks. It writes nothing to disk.",
    Purpose.OPERATION,
    (Category.TECHNICAL,),
    AboutNobody("Times at which machines were seen, under names that the program made up."),
    Plain("Numbers and fixed words, which are gone after minutes or when room is needed."),
    Retention.MINUTES,
)

BACKUPS = Store(
    "backups, replicas and write-ahead log of the database",
    "Copies of all tables. Personal data is in them as ciphertext; redacted text, times and ids as they are.",
    Purpose.OPERATION,
    (Category.CONTENT, Category.IDENTITY, Category.CONTACT, Category.DERIVED, Category.ACTIVITY, Category.REFERENCE),
    Located("by the row's id within a copy, once it has been restored"),
    Plain("As in the tables themselves: ciphertext there is ciphertext here, and what is redacted there is so here."),
    Retention.BACKUPS,
    # The keys lie in another database with shorter backups.
    erase=Keep(
        "No row can be taken out of a copy. What is encrypted cannot be read once its key is gone; redacted texts, ids"
        " and times stay readable until the copy is thrown away.",
        Retention.BACKUPS,
    ),
    export=Withheld("Copies hold what the tables hold, from which the customer's copy is made."),
)

MAP = DataMap(tables=(JOB, CONTENT_TYPE), stores=(QUEUE, CHANNELS, CACHE, BACKUPS))
