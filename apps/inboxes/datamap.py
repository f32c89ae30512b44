"""What do we store of the ways in, here and in the visitor's browser, and what becomes of it?"""

from apps.core.datamap import (
    AboutNobody,
    Anywhere,
    Category,
    DataMap,
    Erase,
    Field,
    Keep,
    Located,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
    Via,
)

INBOX = Table(
    "inboxes.Inbox",
    "A configured entry point of one channel.",
    Purpose.SERVICE,
    AboutNobody("An entry point is open to everybody and is set up before anybody writes."),
    Retention.ORGANISATION,
    technical=("id", "organisation", "channel", "is_active", "created_at"),
    own_texts={
        "name": "What the organisation calls this inbox.",
        "greeting": "With which words the widget greets its visitors.",
        "allowed_origins": "On which of the organisation's websites the widget may stand.",
    },
)

SESSION = Table(
    "inboxes.WebSession",
    "That a browser is a customer's, and how it proves so.",
    Purpose.SERVICE,
    Via("customer"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "inbox", "customer"),
    activity=("created_at",),
    fields={
        "secret_hash": Field(Category.SECRET, "SHA-256 of 256 random bits that the browser holds.", Protection.HASHED),
    },
)

WIDGET = Store(
    "browser of the visitor",
    "In localStorage of the page with the widget: the session's secret, the conversation's id, how far it was read, a"
    " draft, and messages that are not confirmed yet.",
    Purpose.SERVICE,
    (Category.SECRET, Category.REFERENCE, Category.CONTENT),
    Located("only the visitor's own browser has it, under keys that begin with `switchboard:`"),
    Plain("The visitor's own device, out of our reach; what is sent is removed from it at once."),
    Retention.BROWSER,
    erase=Keep(
        "It lies with the person themselves, who can clear it; after erasure its secret opens nothing.",
        Retention.BROWSER,
    ),
    region=Anywhere("Where the visitor carries their own device, which is not ours to decide."),
)

MAP = DataMap(tables=(INBOX, SESSION), stores=(WIDGET,))
