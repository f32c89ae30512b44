"""What do we store of organisations and of the people who work for them, in our tables and in those of libraries?"""

from apps.core.datamap import (
    AboutNobody,
    AboutStaff,
    Category,
    DataMap,
    Erase,
    Field,
    Keep,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
)

ORGANISATION = Table(
    "accounts.Organisation",
    "A tenant. Everything else belongs to exactly one.",
    Purpose.OPERATION,
    AboutNobody("An organisation is no natural person; what is said here is printed on its website."),
    Retention.ORGANISATION,
    technical=("id", "is_active", "created_at"),
    machine_words={
        "slug": "The short name of the organisation in commands and addresses.",
        "brand_colour": "The widget's accent as six hexadecimal digits.",
        "locale": "The language tag in which the organisation's pages begin.",
        "calendar_hours": "Opening hours by weekday, holidays, and a time zone.",
    },
    own_texts={
        "name": "What the organisation is called.",
        "assistant_name": "By which name the AI introduces itself.",
        "greeting": "With which words a new chat of the organisation begins.",
        "own_words": "Products, ranges and streets of the organisation, which redaction leaves as they are.",
    },
)

USER = Table(
    "accounts.User",
    "A person who signs in: somebody's colleague, or an operator.",
    Purpose.STAFF,
    AboutStaff("Name, e-mail address and password of somebody who works here."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id",),
    staff=("last_login", "is_superuser", "is_active", "is_staff", "created_at"),
    fields={
        "email": Field(
            Category.STAFF,
            "The address with which somebody signs in.",
            Plain("Needed at every sign-in and unique across organisations, before any key could be chosen."),
        ),
        "name": Field(
            Category.STAFF,
            "What colleagues and customers call the member.",
            Plain("Shown to colleagues and customers beside every message that the member writes."),
        ),
        "password": Field(Category.SECRET, "A slow, salted hash of the password, made by Django.", Protection.HASHED),
    },
)

MEMBERSHIP = Table(
    "accounts.Membership",
    "A user's place in one organisation.",
    Purpose.STAFF,
    AboutStaff("Says which role somebody has in which organisation."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id", "organisation"),
    staff=("user", "role", "is_active", "created_at"),
)

API_KEY = Table(
    "accounts.ApiKey",
    "The credential of a program that calls the API.",
    Purpose.STAFF,
    AboutNobody("A program acts with it; only who made it is a person, and that is a reference."),
    Retention.ORGANISATION,
    technical=("id", "organisation", "scopes", "created_at", "last_used_at", "revoked_at"),
    staff=("created_by",),
    own_texts={"name": "What the organisation calls the program that has this key."},
    fields={
        "prefix": Field(
            Category.SECRET,
            "The beginning of the program's secret, by which people tell keys apart.",
            Plain("Looked up at each request before the hash is compared; the rest has 256 random bits."),
        ),
        "secret_hash": Field(
            Category.SECRET, "SHA-256 of a program's secret, which has 256 random bits.", Protection.HASHED
        ),
    },
)

# Libraries ---------------------------------------------------------------------------------------------------------

ADMIN_LOG = Table(
    "admin.LogEntry",
    "Django's note that an operator added, changed or deleted something in the admin.",
    Purpose.STAFF,
    AboutStaff(
        "Says what an operator did. The thing appears by its id and by its `__str__`, which never tells of a customer."
    ),
    Retention.ADMIN_LOG,
    erase=Keep("Who changed settings must stay provable after they have left.", Retention.ADMIN_LOG),
    technical=("id", "content_type", "action_flag"),
    staff=("user", "action_time"),
    machine_words={
        "object_id": "The primary key of what was changed: a random number.",
        "change_message": "Names of the columns that were changed, never their values.",
    },
    fields={
        "object_repr": Field(
            Category.STAFF,
            "The `__str__` of what was changed: of a customer's row a reference or an id, of a user the name.",
            Plain("Written by Django for people to read; a test keeps every `__str__` free of customers' data."),
        ),
    },
)

SESSION = Table(
    "sessions.Session",
    "That a browser has signed in. Visitors have none of these.",
    Purpose.STAFF,
    AboutStaff("Holds who signed in from a browser, when, and by which method."),
    Retention.STAFF_SESSION,
    erase=Erase.DELETE_ROW,
    staff=("expire_date",),
    fields={
        "session_key": Field(
            Category.SECRET,
            "The secret in the browser's cookie.",
            Plain("Django looks sessions up by it. It admits for 12 hours at most, and backups outlive that."),
        ),
        "session_data": Field(
            Category.STAFF,
            "Signed, not encrypted: the user's id, the e-mail address that was typed, when, and notices not yet shown.",
            Plain("Made by Django's session engine; it never holds anything of a customer."),
        ),
    },
)

EMAIL_ADDRESS = Table(
    "account.EmailAddress",
    "The addresses by which allauth knows a user.",
    Purpose.STAFF,
    AboutStaff("Repeats the address with which somebody signs in, and whether it was confirmed."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id",),
    staff=("user", "verified", "primary"),
    fields={
        "email": Field(
            Category.STAFF,
            "The same address as the user's own.",
            Plain("Compared by allauth at each sign-in and password reset, which know no key."),
        ),
    },
)

EMAIL_CONFIRMATION = Table(
    "account.EmailConfirmation",
    "A link that confirms an address. Addresses are not confirmed by link here, so it stays empty.",
    Purpose.STAFF,
    AboutStaff("Would say when somebody was asked to confirm an address."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id",),
    staff=("email_address", "created", "sent"),
    fields={
        "key": Field(
            Category.SECRET,
            "The secret part of a confirmation link.",
            Plain("allauth looks the link up by it; with confirmation switched off no row is ever written."),
        ),
    },
)

PERMISSION = Table(
    "auth.Permission",
    "Django's list of what may be done to which model.",
    Purpose.OPERATION,
    AboutNobody("Written by migrations, the same for every installation."),
    Retention.INSTALLATION,
    technical=("id", "content_type"),
    machine_words={
        "name": "What is permitted, as Django words it for people.",
        "codename": "What is permitted, as code asks for it.",
    },
)

GROUP = Table(
    "auth.Group",
    "Django's groups of permissions. Roles come from memberships instead, so it stays empty.",
    Purpose.OPERATION,
    AboutNobody("Would name a set of permissions that an operator has put together."),
    Retention.INSTALLATION,
    technical=("id",),
    own_texts={"name": "What an operator calls a group of permissions."},
)

GROUP_PERMISSION = Table(
    "auth.Group_permissions",
    "Which permissions a group of Django hands to its members.",
    Purpose.OPERATION,
    AboutNobody("Ties permissions to groups by two numbers."),
    Retention.INSTALLATION,
    technical=("id", "group", "permission"),
)

USER_GROUP = Table(
    "accounts.User_groups",
    "Which groups a user is in. Unused, because roles decide.",
    Purpose.STAFF,
    AboutStaff("Would tie somebody to groups of permissions."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id", "group"),
    staff=("user",),
)

USER_PERMISSION = Table(
    "accounts.User_user_permissions",
    "Which permissions a user has directly. Unused, for roles decide.",
    Purpose.STAFF,
    AboutStaff("Would tie somebody to single permissions."),
    Retention.MEMBER,
    erase=Erase.DELETE_ROW,
    technical=("id", "permission"),
    staff=("user",),
)

COOKIES = Store(
    "cookies of staff",
    "The session's secret and the token against forged requests, both set when somebody signs in.",
    Purpose.STAFF,
    (Category.SECRET, Category.STAFF),
    AboutStaff("Only browsers that sign in get cookies; the widget and the hosted chat set none."),
    Plain("Random values that mean nothing outside this deployment; marked HttpOnly or SameSite."),
    Retention.STAFF_SESSION,
    erase=Keep(
        "In the member's own browser; deleting the session makes the cookie worthless.", Retention.STAFF_SESSION
    ),
)

THROTTLES = Store(
    "counters of sign-ins",
    "Times of attempts to sign in or to reset a password, in the cache: by IP address, by user id, or by the SHA-256 of"
    " the address that was typed.",
    Purpose.STAFF,
    (Category.STAFF,),
    AboutStaff("Counts attempts of whoever tries to sign in; visitors of the chat are not counted here."),
    Plain("allauth names its counters so. They live for minutes, in a cache that writes nothing to disk."),
    Retention.MINUTES,
    erase=Keep(
        "Guards against guessing, also by somebody who has just left; it expires within the hour.", Retention.MINUTES
    ),
)

MAP = DataMap(
    tables=(
        *(ORGANISATION, USER, MEMBERSHIP, API_KEY),
        *(ADMIN_LOG, SESSION, EMAIL_ADDRESS, EMAIL_CONFIRMATION, PERMISSION, GROUP, GROUP_PERMISSION),
        *(USER_GROUP, USER_PERMISSION),
    ),
    stores=(COOKIES, THROTTLES),
)
