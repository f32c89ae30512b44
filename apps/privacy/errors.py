"""What can go wrong in the privacy app?"""

from apps.core import errors


class TokenTableMalformed(errors.Conflict):
    """What is stored as a conversation's tokens is not a table of tokens."""

    code = "privacy.token_table_malformed"
    default_message = "The tokens of this conversation cannot be read."


class CasesUnreadable(errors.Invalid):
    """An evaluation file is missing, malformed, or has columns of no known kind."""

    code = "privacy.cases_unreadable"
    default_message = "The cases cannot be read."
