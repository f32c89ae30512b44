"""Which failures does the audit log name?"""

from apps.core import errors


class ProofInvalid(errors.Invalid):
    """A proof does not show what it claims."""

    code = "audit.proof_invalid"
    default_message = "The proof does not show what it claims."


class CasesUnreadable(errors.Invalid):
    """An evaluation file is missing or malformed."""

    code = "audit.cases_unreadable"
    default_message = "The cases cannot be read."
