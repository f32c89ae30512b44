"""Which failures does the desk name?"""

from apps.core import errors


class DeskRoleMissing(errors.Forbidden):
    code = "desk.role_missing"
    default_message = "Your role does not include the desk. An administrator can change that."


class SignInNeeded(errors.Unauthenticated):
    code = "desk.sign_in_needed"
    default_message = "You are signed out. Sign in again; what you have written stays here."


class JoiningRoleMissing(errors.Forbidden):
    code = "desk.joining_role_missing"
    default_message = "Your role does not include joining customers. An administrator can change that."


class WatchLimitReached(errors.Conflict):
    code = "desk.watch_limit_reached"
    default_message = "Too many conversations are open in this window. Close some of them first."


class ChangedMeanwhile(errors.Conflict):
    """The conversation is not in the hands the agent saw; sending ``owner_version`` back confirms."""

    code = "desk.changed_meanwhile"

    def __init__(self, message: str, *, question: str, owner_version: int) -> None:
        super().__init__(message)
        self.question = question
        self.owner_version = owner_version
