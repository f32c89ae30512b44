"""How do anticipated failures look? Named types in ten categories, each with its HTTP status and socket close code.

An app derives its own errors from these categories and gives each a dotted ``code``. Doors translate by the table
below; whatever is not a ``SuiteError`` is unanticipated and surfaces.
"""

from typing import ClassVar


class SuiteError(Exception):
    """An anticipated failure, in the user's words.

    ``code`` is stable and for programs, ``message`` is for people, ``retryable`` says whether the same request may
    succeed later without a change, ``retry_after`` (seconds) when.
    """

    code: ClassVar[str] = "suite.error"
    status: ClassVar[int] = 500
    close_code: ClassVar[int] = 4500
    retryable: ClassVar[bool] = False
    default_message: ClassVar[str] = "Something went wrong."

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        self.message = message or self.default_message
        self.retry_after = retry_after
        super().__init__(self.message)


class Invalid(SuiteError):
    """The request cannot be understood or breaks a stated limit."""

    code = "request.invalid"
    status = 400
    close_code = 4400
    default_message = "This request could not be understood."


class Unauthenticated(SuiteError):
    """Nobody is signed in, or the credentials are wrong."""

    code = "request.unauthenticated"
    status = 401
    close_code = 4401
    default_message = "Please sign in first."


class Forbidden(SuiteError):
    """Known, but not allowed."""

    code = "request.forbidden"
    status = 403
    close_code = 4403
    default_message = "You are not allowed to do this."


class NotFound(SuiteError):
    """There is no such thing, or it is not yours to know about."""

    code = "request.not_found"
    status = 404
    close_code = 4404
    default_message = "There is nothing here."


class Conflict(SuiteError):
    """The thing has changed since it was read."""

    code = "request.conflict"
    status = 409
    close_code = 4409
    default_message = "This has changed in the meantime. Look again and repeat."


class TooLarge(SuiteError):
    """More than the stated limit."""

    code = "request.too_large"
    status = 413
    close_code = 4413
    default_message = "This is larger than allowed."


class TooMany(SuiteError):
    """More often than the stated limit; ``retry_after`` says when to come back."""

    code = "request.too_many"
    status = 429
    close_code = 4429
    retryable = True
    default_message = "That was a little fast. Please wait a moment."


class Unavailable(SuiteError):
    """Something this depends on does not answer just now."""

    code = "service.unavailable"
    status = 503
    close_code = 4503
    retryable = True
    default_message = "This is not available just now. Please try again in a moment."
