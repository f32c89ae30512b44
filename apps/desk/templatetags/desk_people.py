"""In which words does the desk speak of what is known about people, how well, and from whom?"""

from collections.abc import Iterable

from django import template

from apps.customers.types import SAME, IdentityKind, Level, Reason
from apps.desk.types import Disagreement, Found, SuggestedMerge

register = template.Library()

_KINDS = {IdentityKind.EMAIL: "E-mail", IdentityKind.PHONE: "Telephone", IdentityKind.EXTERNAL_ID: "Customer id"}
_LEVELS = {Level.CLAIMED: "Claimed", Level.OBSERVED: "Observed", Level.VERIFIED: "Verified"}
_MEANINGS = {
    Level.CLAIMED: "Somebody said so. Nothing proves it.",
    Level.OBSERVED: "A channel carried it, such as the sender of an e-mail.",
    Level.VERIFIED: "Proven by your website's token, or by an answer to a code.",
}
_SOURCES = {
    "visitor_token": "your website",
    "agent": "an agent",
    "visitor": "the visitor",
    "email": "an e-mail",
    "sms": "a text message",
    "voice": "a call",
}
# Who says something; the others carry it.
_TALKERS = frozenset({"visitor_token", "agent", "visitor"})
_REASONS = {
    Reason.SAME_EMAIL: "same e-mail address",
    Reason.SAME_PHONE: "same telephone number",
    Reason.SAME_EXTERNAL_ID: "same customer id",
    Reason.STAFF: "a person decided",
}
_SEVERAL = {"name": "names", "external_id": "customer ids", "locale": "languages"}
_FACTS = {"name": "Name", "locale": "Language"}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@register.filter
def kind_word(kind: IdentityKind) -> str:
    """Return what an identity is."""
    return _KINDS[kind]


@register.filter
def level_word(level: Level) -> str:
    """Return how well an identity is verified, in a word."""
    return _LEVELS[level]


@register.filter
def level_meaning(level: Level) -> str:
    """Return what that word says."""
    return _MEANINGS[level]


@register.filter
def source_words(sources: Iterable[str]) -> str:
    """Return who said something: "your website and an agent"."""
    words = [_SOURCES.get(source, source.replace("_", " ")) for source in sources]
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


@register.filter
def reason_words(reason: Reason) -> str:
    """Return why two customers were joined."""
    return _REASONS[reason]


@register.filter
def suggestion_words(suggestion: SuggestedMerge) -> str:
    """Return why somebody may be the same person, and how far that can be trusted."""
    words = reason_words(suggestion.reason).capitalize()
    if suggestion.level is None:
        return words
    if suggestion.level is Level.VERIFIED:
        return f"{words}, verified of this customer"
    by = "said by" if _TALKERS.issuperset(suggestion.sources) else "from"
    return f"{words}, {by} {source_words(suggestion.sources)}, not verified"


@register.filter
def disagreement_words(disagreement: Disagreement) -> str:
    """Return what there is several of: "Two names"."""
    count = len(disagreement.said)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {_SEVERAL.get(disagreement.key, f'values of {fact_word(disagreement.key).lower()}')}"


@register.filter
def fact_word(key: str) -> str:
    """Return what a fact is about."""
    return _FACTS.get(key, key.replace("_", " ").replace(".", ", ").capitalize())


@register.filter
def found_words(found: Found) -> str:
    """Return by what a search has found somebody."""
    if found.level is None:
        return f"found by {found.by}"
    return f"{reason_words(SAME[IdentityKind(found.by)])}, {_LEVELS[found.level].lower()}"
