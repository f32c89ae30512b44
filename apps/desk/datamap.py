"""What does the desk store of its members, and of customers in their browsers?"""

from apps.core.datamap import (
    Category,
    DataMap,
    Erase,
    Keep,
    Located,
    Plain,
    Purpose,
    Retention,
    Store,
    Table,
    Via,
)

READ_MARK = Table(
    "desk.ReadMark",
    "How far a member has read a conversation.",
    Purpose.STAFF,
    Via("conversation__customer"),
    Retention.CONVERSATION,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation", "conversation", "seq"),
    staff=("member",),
)

BROWSER = Store(
    "browsers of agents",
    "In localStorage of the desk: drafts and unsent replies, and the member's preferences.",
    Purpose.STAFF,
    (Category.CONTENT, Category.STAFF),
    Located("only on machines of agents, under `switchboard:desk:`, by the conversation's id"),
    Plain("On a machine that the organisation manages, in a profile that shows the same conversations anyway."),
    Retention.BROWSER,
    erase=Keep(
        "Out of the server's reach. Signing out forgets it, and so do two weeks without a touch.", Retention.BROWSER
    ),
    derived_from=("conversations.Message",),
)

MAP = DataMap(tables=(READ_MARK,), stores=(BROWSER,))
