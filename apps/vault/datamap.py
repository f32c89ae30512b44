"""What does the vault store, and what becomes of it?"""

from apps.core.datamap import (
    AboutNobody,
    Category,
    DataMap,
    Erase,
    Field,
    Keep,
    Located,
    LooseId,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
    Withheld,
)

ROOT_KEY = Table(
    "vault.RootKey",
    "That a version of the root key has been used, and how to tell its bytes from others.",
    Purpose.PROTECTION,
    AboutNobody("Root keys belong to the deployment; their bytes are never in a database."),
    Retention.INSTALLATION,
    technical=("version", "created_at"),
    fields={
        "check_value": Field(
            Category.SECRET, "A one-way value by which a wrong root key is noticed at start.", Protection.HASHED
        ),
    },
)

DATA_KEY = Table(
    "vault.DataKey",
    "The key under which one customer's data is encrypted, or one organisation's secrets; in a database of its own.",
    Purpose.PROTECTION,
    LooseId("owner_id", "The keys lie in another database, so that no backup holds both keys and what they open."),
    Retention.KEY,
    erase=Keep("The row stays as a tombstone without its key, so that its owner never gets another.", Retention.KEY),
    technical=("id", "organisation_id", "root_version", "created_at", "shredded_at", "confirmed_at", "unused_at"),
    machine_words={
        "purpose": "One of the words of the vault's Purpose: data or index.",
        "region": "The region whose root key wraps this one.",
    },
    fields={
        "owner_id": Field(
            Category.REFERENCE,
            "The random id of the customer or organisation whose key it is.",
            Plain("Random and compared by equality; after erasure nothing else knows this id."),
            erase=Keep(
                "An erased customer's id, by which the vault refuses to make a key again and proves that it is gone.",
                Retention.KEY,
            ),
            export=Withheld("An id for our own use; the customer's row has the same and is in the copy."),
        ),
        "wrapped": Field(
            Category.SECRET,
            "The key's 32 bytes under the root key; NULL once shredded.",
            Protection.WRAPPED,
            erase=Erase.SHRED,
        ),
    },
)

BACKUPS = Store(
    "backups of the vault",
    "Copies of the database of wrapped keys, by which an accident is repaired.",
    Purpose.PROTECTION,
    (Category.SECRET, Category.REFERENCE),
    Located("by the key's id within a copy; copies are not opened for single keys"),
    Protection.WRAPPED,
    Retention.KEY_BACKUPS,
    erase=Keep(
        "No row can be taken out of a copy. It goes after 14 days; whoever restores it before shreds those keys again.",
        Retention.KEY_BACKUPS,
    ),
    export=Withheld("Wrapped keys open nothing outside; the rows they open are in the customer's copy."),
)

MAP = DataMap(tables=(ROOT_KEY, DATA_KEY), stores=(BACKUPS,))
