"""What is written down while the suite runs, outside the database?"""

from apps.core.datamap import (
    AboutNobody,
    Category,
    DataMap,
    Keep,
    Located,
    Plain,
    Purpose,
    Retention,
    Store,
    Withheld,
)

LOGS = Store(
    "logs",
    "Lines on standard output and in `var/log`: what happened, with ids, durations and classes of errors; the database"
    " server's own lines, without values.",
    Purpose.OPERATION,
    (Category.REFERENCE, Category.ACTIVITY, Category.TECHNICAL),
    Located("by the random id of a customer or conversation in the lines of a period"),
    Plain("Random ids, which nothing resolves once the customer's row is gone; no texts, names or addresses."),
    Retention.LOGS,
    erase=Keep(
        "Faults must be found for some weeks; after erasure the ids in the lines point nowhere.", Retention.LOGS
    ),
    export=Withheld("Lines about machines, in which one customer is only an id among others."),
)

METRICS = Store(
    "metrics",
    "Counters and durations by kind of event, in files of each process and wherever they are collected.",
    Purpose.OPERATION,
    (Category.TECHNICAL,),
    AboutNobody("Sums over everybody; no label names an organisation, a conversation or a person."),
    Plain("Numbers under names that the program made up, read by monitoring."),
    Retention.LOGS,
)

MAP = DataMap(stores=(LOGS, METRICS))
