"""Is this only a greeting or thanks? Then it wants neither a search nor passages, but a friendly word."""

from apps.ai.providers.builtin.phrases import phrases_for

MOST_WORDS = 7
_PUNCTUATION = str.maketrans("", "", "!.,?;:-\u060c\u061f\u00a1\u00bf")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# All that a greeting or thanks may consist of; the second of each pair are the words that make it one.
_GREETINGS = {
    "en": _words("hello hi hey hiya good morning evening afternoon day there greetings all team everyone how are you"),
    "de": _words("hallo hi hey moin servus grüß gott guten gute tag morgen abend zusammen liebes team"),
    "fr": _words("bonjour bonsoir salut coucou à tous"),
    "es": _words("hola buenos buenas días dias tardes noches qué tal"),
    "ar": _words("مرحبا السلام عليكم أهلا صباح مساء الخير"),
}
_GREETING_MARKS = _words(
    "hello hi hey hiya morning evening afternoon greetings good hallo moin servus grüß guten gute bonjour bonsoir "
    "salut coucou hola buenos buenas مرحبا السلام أهلا صباح مساء"
)
_THANKS = {
    "en": _words(
        "thanks thank you thx ty cheers a lot very so much great perfect ok okay super lovely brilliant for your help "
        "that all it is helps helped this"
    ),
    "de": _words("danke dank vielen schön sehr dir ihnen prima super für die hilfe ihre das hilft"),
    "fr": _words("merci beaucoup bien parfait pour votre aide super"),
    "es": _words("gracias muchas mil perfecto vale por su ayuda genial"),
    "ar": _words("شكرا جزيلا لك لكم"),
}
_THANKS_MARKS = _words("thanks thank thx ty cheers danke dank merci gracias شكرا")


def reply_to_small_talk(question: str, default: str) -> str:
    """Return what to say to a mere greeting or thanks, in its language; nothing if it is more than that."""
    said = question.lower().translate(_PUNCTUATION).split()
    if not said or len(said) > MOST_WORDS:
        return ""
    if language := _language_of(said, _THANKS, _THANKS_MARKS, default):
        return phrases_for(language).thanks
    if language := _language_of(said, _GREETINGS, _GREETING_MARKS, default):
        return phrases_for(language).greeting
    return ""


def _language_of(said: list[str], known: dict[str, frozenset[str]], marks: frozenset[str], default: str) -> str:
    if marks.isdisjoint(said):
        return ""
    languages = [language for language, allowed in known.items() if allowed.issuperset(said)]
    return default if default in languages else next(iter(languages), "")
