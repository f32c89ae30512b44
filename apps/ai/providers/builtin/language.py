"""Which language does the customer write? A guess from the commonest words and, for Arabic, from the script."""

import re

_WORD = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0600-\u06ff]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The commonest words of each language: too common to tell what a question is about, and so the surest sign of what
# language it is in.
STOP_WORDS: dict[str, frozenset[str]] = {
    "en": _words(
        "a about after again all also am an and any are as at be because been before being but by can can't cannot "
        "could did do does doesn't doing don't for from get gets getting go going got had has have haven't having he "
        "hello help her here hi his how however i i'd i'll i'm i've if in into is isn't it it's its just know let "
        "like me more most much my need no not of off ok on one only or other our out over please pls really she "
        "should so some than thank thanks that that's the their them then there these they thing things this those "
        "to too up us use very want wants was we were what what's when where which while who whom whose why will "
        "with would you your yours"
    ),
    "de": _words(
        "ab aber alle alles als also am an auch auf aus bei bin bis bitte da damit dann das dass dem den der des die "
        "dies diese dieser dieses doch du durch ein eine einem einen einer eines er es etwas euch euer für gibt habe "
        "haben hallo hat hier ich ihm ihn ihnen ihr ihre im in ist ja jetzt kann kein keine können könnte man mein "
        "meine mich mir mit muss nach nicht noch nun nur ob oder ohne schon sehr sein seine sich sie sind so über um "
        "und uns unser unsere vom von vor wann war warum was wegen welche welcher welches wenn wer werden wie wieder "
        "will wir wird wo wollen wurde würde zu zum zur"
    ),
    "fr": _words(
        "a ai alors au aux avec avez avoir bonjour c'est ce ces cet cette comme comment dans de des dois doit donc du "
        "elle en est et être fait il ils j'ai je la le les leur lui ma mais me mes moi mon ne nos notre nous on ou où "
        "par pas peut peux plus pour pourquoi quand que quel quelle quelles quels qu'est qui sa sans se ses si son "
        "sont sur ta te tes toi ton tu un une vais vos votre vous y"
    ),
    "es": _words(
        "a al algo como cómo con cual cuál cuando cuándo cuanto cuánto de del desde donde dónde e el ella ellos en "
        "era es esa ese eso esta está están este esto estoy fue ha hay he hola la las le les lo los más me mi mis muy "
        "necesito no nos o para pero por porque puede pueden puedo que qué quien quién quiero se ser si sí sin sobre "
        "son su sus también te tengo tiene tienen tu un una uno unos y ya yo"
    ),
    "ar": _words(
        "في من على إلى عن مع هل ما ماذا متى أين كيف كم لماذا هذا هذه ذلك التي الذي أن إن لا نعم أنا أنت نحن هو هي "
        "لي لك أو ثم قد كان يكون يمكن يمكنني أريد مرحبا شكرا"
    ),
}
ALL_STOP_WORDS = frozenset().union(*STOP_WORDS.values())


def guess_language(text: str, default: str) -> str:
    """Return en, de, fr, es or ar; ``default`` where the words do not decide, as with "refund??"."""
    if len(_ARABIC.findall(text)) * 2 > len(text.replace(" ", "")):
        return "ar"
    words = [word.lower() for word in _WORD.findall(text[:1_000].replace("\u2019", "'"))]
    counts = {language: sum(word in common for word in words) for language, common in STOP_WORDS.items()}
    best = max(counts, key=lambda language: (counts[language], language == default))
    runner_up = max(count for language, count in counts.items() if language != best)
    return best if counts[best] > runner_up else default
