"""Does what stands before a word say that a name begins there? Introductions, fields, titles, greetings, signatures."""

import re
from typing import Final

from apps.privacy.pipeline import cues
from apps.privacy.pipeline.lens import Lens
from apps.privacy.pipeline.reading import Word

STRONG, FIELD, TITLE, SOFT, ROLE, SIGNED = "strong", "field", "title", "soft", "role", "signed"
_FIELD_GAP: Final = re.compile(r"(?:'s|\(s\))?[*_\"'`]{0,3}\s{0,3}(?:[:=|>]|:\*\*)[*_\"'`\s|]{0,40}\Z|>\Z")
_MAIL_AFTER: Final = re.compile(r"\s{0,2}(?:at |on |via |[<(\[,:-]\s?){1,2}[\w.+-]{1,40}@")
_LONGEST_GAP: Final = 45


def find_cue(lens: Lens, index: int) -> str:
    """Return what kind of cue precedes a word, or nothing."""
    if index == 0:
        return ""
    word, before = lens.words[index], lens.words[index - 1]
    gap = lens.text[before.end : word.start]
    if len(gap) > _LONGEST_GAP:
        return ""
    return (
        _find_closing(lens, index, before.lower, gap)
        or _find_introduction(lens, word, before.lower)
        or _find_field(lens, index, before.lower, gap)
        or _find_address(before.lower, gap)
    )


def _find_introduction(lens: Lens, word: Word, last: str) -> str:
    # "im" is a sloppy "I'm" in English only.
    if last not in cues.INTRODUCING_LAST or (last == "im" and lens.german):
        return ""
    head = lens.reading.before(word.start, 44)
    return STRONG if cues.INTRODUCED.search(head) else SOFT if cues.SOFT.search(head) else ""


def _find_field(lens: Lens, index: int, last: str, gap: str) -> str:
    if ":" in gap and _names_somebody(lens, index):
        return FIELD
    if last not in cues.FIELDS or not (_FIELD_GAP.match(gap) or (gap == ", " and last == "name")):
        return ""
    return "" if index > 1 and lens.words[index - 2].lower in cues.NOT_PERSONS else FIELD


def _names_somebody(lens: Lens, index: int) -> bool:
    """Say whether a field of several words precedes that asks for a person's name: "Name on the order: …"."""
    field = cues.NAME_FIELD.search(lens.reading.before(lens.words[index].start, 60))
    return field is not None and not any(word in cues.NOT_PERSONS for word in field[0].split())


def _find_address(last: str, gap: str) -> str:
    """Return how somebody is addressed or spoken of: by title, greeting, or what they are to the writer."""
    if last in cues.TITLES and gap.strip(".") in (" ", "", "  "):
        return TITLE
    if last in cues.GREETINGS and gap in (" ", ", "):
        return SOFT
    return ROLE if last in cues.ROLES and gap in (" ", ", ", ": ", " (") else ""


def _find_closing(lens: Lens, index: int, last: str, gap: str) -> str:
    if last in cues.CLOSINGS and ("\n" in gap or (gap.strip() in (",", "!", "-", ".") and lens.ends_text(index))):
        return SIGNED
    if last in cues.CLOSINGS and gap == " " and lens.ends_text(index) and lens.is_given(lens.words[index].lower):
        return SIGNED
    if (
        gap.strip() in ("-", "--", "~")
        and ("\n" in gap or gap.startswith((" ", ".")))
        and lens.ends_text(index)
        and index > 2
    ):
        return SOFT
    return ""


def opens(lens: Lens, index: int, cue: str) -> bool:
    """Say whether a word may begin a name after a cue: the weaker the cue, the more the word must look like one."""
    word = lens.words[index]
    lower, lists = word.lower, lens.lists
    if lower in cues.TITLES:
        return False
    if lens.is_spared(word) or lower in lists.groups or (lower in cues.BRANDS and cue != TITLE):
        # Whoever says what they are called is called so, whatever else that is: "my name is Mercedes Lopez".
        return lens.is_capital(word) and (cue in (STRONG, FIELD) or lens.is_surnamed(index))
    return _opens_capital(lens, index, cue) if lens.is_capital(word) else _opens_lower(lens, index, cue)


def _opens_capital(lens: Lens, index: int, cue: str) -> bool:
    word, lists = lens.words[index], lens.lists
    lower = word.lower
    common = lens.is_common(lower)
    if cue in (TITLE, STRONG):
        return (
            not common
            or lens.is_listed(lower)
            or (len(lower) > 2 and lower not in cues.NEVER and lower not in cues.FIELDS)
        )
    if cue == FIELD:
        return (not common and lower not in cues.FIELDS) or lens.is_listed(lower)
    if word.text.isupper() and not lens.is_listed(lower):
        return False
    if (
        cue == ROLE
        and not lens.is_listed(lower)
        and lens.begins(index - 1) is False
        and lens.is_capital(lens.words[index - 1])
    ):
        return False
    if lower in lists.given or lower in lists.given_words or lower in lists.given_places:
        return cue != ROLE or lower in lists.given or lower in cues.NAMELIKE_PLACES
    if common or lower in lists.places:
        return False
    # "Balles" may be several balls, "Balles Denko" is somebody.
    following = lens.words[index + 1] if lens.get_after(index + 1) else None
    return not lens.is_inflected(lower) or (
        following is not None and lens.is_capital(following) and not lens.is_inflected(following.lower)
    )


def _opens_lower(lens: Lens, index: int, cue: str) -> bool:
    lower, lists = lens.words[index].lower, lens.lists
    common = lens.is_common(lower)
    if cue == STRONG:
        return lens.is_listed(lower) or (len(lower) > 2 and not lens.is_inflected(lower))
    if cue == TITLE:
        return lens.is_listed(lower) and not common
    if cue == SIGNED:
        return not common and (
            lower in lists.given or (len(lower) > 2 and lens.ends_text(index) and not lens.is_inflected(lower))
        )
    return lower in lists.given and not common


def precedes_mail(lens: Lens, word: Word) -> bool:
    """Say whether an e-mail address follows, as in "Urkom at x@y" or "Urkom <x@y>"."""
    return "@" in lens.text and _MAIL_AFTER.match(lens.text, word.end) is not None
