"""Which failures do inboxes name?"""

from apps.core import errors


class InboxNotFound(errors.NotFound):
    code = "inbox.not_found"
    default_message = "This chat does not exist or has been switched off."


class SessionRejected(errors.Unauthenticated):
    code = "session.rejected"
    default_message = "This chat session is not valid. Reload the page to start a new one."


class OriginRefused(errors.Forbidden):
    code = "origin.refused"
    default_message = "This chat may not be used from this website."


class HelloMissing(errors.Invalid):
    code = "hello.missing"
    default_message = "A socket begins with hello."


class SessionChanged(errors.Conflict):
    """Another tab of this browser has signed in as somebody else. Saying hello again sorts it out."""

    code = "session.changed"
    retryable = True
    default_message = "Somebody else has signed in on this browser. One moment, please."
