"""Which failures do customers name? No message repeats a value that was refused: it would be about a person."""

from apps.core import errors


class CustomerNotFound(errors.NotFound):
    code = "customer.not_found"
    default_message = "There is no such customer."


class SomebodyElse(errors.Conflict):
    code = "customer.somebody_else"
    default_message = "This customer is verified to be somebody else. Merge the two if they are one person."


# What is said about somebody --------------------------------------------------------------------------------


class IdentityUnreadable(errors.Invalid):
    code = "identity.unreadable"
    default_message = "This cannot be an identity."


class EmailUnreadable(IdentityUnreadable):
    code = "identity.email_unreadable"
    default_message = (
        "This is not an e-mail address we can use: it needs a name, an @ and a domain, and nothing hidden."
    )


class PhoneUnreadable(IdentityUnreadable):
    code = "identity.phone_unreadable"
    default_message = (
        "This is not a telephone number we can use: write it with + and the country code, without an extension."
    )


class ExternalIdUnreadable(IdentityUnreadable):
    code = "identity.external_id_unreadable"
    default_message = (
        "This is not an id we can use: 1 to 255 visible characters, no space at either end, and nothing hidden."
    )


class FactUnreadable(errors.Invalid):
    code = "fact.unreadable"
    default_message = "This cannot be kept about a customer: it is empty, too long, or its key is not a plain word."


class TooManyIdentities(errors.TooLarge):
    code = "identity.too_many"
    default_message = "More identities were given at once, or are known of this customer, than one person can have."


class ClaimNotFound(errors.NotFound):
    code = "identity.claim_not_found"
    default_message = "There is nothing to take back: it is gone, or more than a claim supports it by now."


# Merging ----------------------------------------------------------------------------------------------------


class AlreadyMerged(errors.Conflict):
    code = "merge.already_merged"
    default_message = "These two are already taken for one person."


class FamilyTooLarge(errors.TooLarge):
    code = "merge.family_too_large"
    default_message = "Too many customers would be taken for one person. Undo wrong merges first."


class MergeNotFound(errors.NotFound):
    code = "merge.not_found"
    default_message = "There is no such merge."


class MergeAlreadyUndone(errors.Conflict):
    code = "merge.already_undone"
    default_message = "This merge has been undone before."


class SuggestionNotFound(errors.NotFound):
    code = "suggestion.not_found"
    default_message = "There is no such suggestion."


class SuggestionDecided(errors.Conflict):
    code = "suggestion.decided"
    default_message = "Somebody else has decided about this suggestion in the meantime."


class Contended(errors.Unavailable):
    code = "customer.contended"
    default_message = "This customer is being changed by others just now. Please try again in a moment."


# Visitor tokens ---------------------------------------------------------------------------------------------


class TokenRejected(errors.Unauthenticated):
    """The visitor's token proves nothing. The codes are for whoever runs the website."""

    code = "token.rejected"
    default_message = "This visitor token was not accepted."


class TokenTooLarge(TokenRejected):
    code = "token.too_large"
    default_message = "This visitor token is longer than 4,096 characters."


class TokenMalformed(TokenRejected):
    code = "token.malformed"
    default_message = "This is not a visitor token: it is not a JWT whose parts are JSON objects."


class TokenAlgorithmRefused(TokenRejected):
    code = "token.algorithm"
    default_message = "Visitor tokens are signed with HS256 and nothing else."


class TokenSignatureWrong(TokenRejected):
    code = "token.signature"
    default_message = "This visitor token was not signed with an active secret of this organisation."


class TokenSecretMissing(TokenRejected):
    code = "token.no_secret"
    default_message = "This organisation has no active secret for visitor tokens."


class TokenExpired(TokenRejected):
    code = "token.expired"
    default_message = "This visitor token has expired. Give the chat a fresh one."


class TokenNotYetValid(TokenRejected):
    code = "token.not_yet_valid"
    default_message = "This visitor token is from the future: the clock of its signer is wrong, or nbf lies ahead."


class TokenLifetimeRefused(TokenRejected):
    code = "token.lifetime"
    default_message = "A visitor token has iat and exp, and lives for 24 hours at most."


class TokenAudienceWrong(TokenRejected):
    code = "token.audience"
    default_message = "This visitor token was made for another organisation or inbox."


class TokenClaimsUnreadable(TokenRejected):
    code = "token.claims"
    default_message = "A claim of this visitor token cannot be used."


class TooManyTokenSecrets(errors.Conflict):
    code = "token_secret.too_many"
    default_message = "There are three active secrets already. Retire one first."


class TokenSecretNotFound(errors.NotFound):
    code = "token_secret.not_found"
    default_message = "There is no such secret, or it has been retired."
