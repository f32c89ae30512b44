"""Which failures do accounts name?"""

from apps.core import errors


class OrganisationNotFound(errors.NotFound):
    code = "organisation.not_found"
    default_message = "There is no organisation of this name."


class MembershipMissing(errors.Forbidden):
    code = "membership.missing"
    default_message = "You are not a member of this organisation."


class UserElsewhere(errors.Conflict):
    code = "user.elsewhere"
    default_message = (
        "Somebody outside this organisation has this e-mail address. Their name, rights and password stay as they are."
    )


class ApiKeyRejected(errors.Unauthenticated):
    code = "api_key.rejected"
    default_message = "This API key is unknown or has been revoked."


class ScopeMissing(errors.Forbidden):
    code = "api_key.scope_missing"
    default_message = "This API key does not have the scope for this request."
