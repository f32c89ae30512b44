"""How is one text read whatever its writing? Folded to plain letters and digits, with the way back to the original.

Full-width and styled letters, accents, digits of other scripts, invisible characters and look-alikes are ways to write
the same thing. Recognisers see the folded text; what they find is mapped back to offsets of the original.
"""

# ruff: noqa: RUF001 - signs that look alike are what this module is about

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = {
    "ß": "ss",
    "ẞ": "SS",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
    "ı": "i",
    "İ": "I",
    "ħ": "h",
    "Ħ": "H",
    "ə": "e",
    "Ə": "E",
}
_SIGNS: Final = {
    **dict.fromkeys("‘’‚‛′`´ʼʹ＇", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
    **dict.fromkeys("\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}․", "."),
    "⁄": "/",
    "∕": "/",
    "∙": ".",
    "·": ".",
    "•": "-",
    "：": ":",
    "﹫": "@",
    **dict.fromkeys("\u2028\u2029\x85\x0b\x0c", "\n"),
}
# Cyrillic and Greek letters that cannot be told from Latin ones by eye; folded only inside words that mix scripts.
_LOOKALIKES: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕӏԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικυρτ",
    "ABESIJKMHOPCTYXaeopcyxijsldhqwABEZHIKMNOPTYXoavikupt",
)
_MIXED: Final = re.compile(r"[A-Za-z][Ͱ-ӿԀ-ԯ]|[Ͱ-ӿԀ-ԯ][A-Za-z]")
_WORD: Final = re.compile(r"[\w.+-]{1,80}")
# More distinct characters than this are folded each time instead of being remembered.
_MOST_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; ``offsets[i]`` is the place in the original of its character i, None where both are aligned."""

    text: str
    offsets: list[int] | None
    length: int

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original a stretch of the folded text stands, invisible characters inside included."""
        if self.offsets is None:
            return start, end
        last = self.offsets[end - 1] + 1
        following = self.offsets[end] if end < len(self.offsets) else self.length
        return self.offsets[start], max(last, following)


def fold(text: str) -> Folded:
    """Return the text as recognisers read it. ASCII text is returned as it is."""
    if text.isascii():
        return Folded(text, None, len(text))
    folded = text.translate(_TABLE)
    offsets = None
    if not _UNEVEN.isdisjoint(text) or len(folded) != len(text):
        offsets = [index for index, char in enumerate(text) for _ in _TABLE[ord(char)]]
    if _MIXED.search(folded):
        folded = _WORD.sub(_replace_lookalikes, folded)
    return Folded(folded, offsets, len(text))


def _replace_lookalikes(match: re.Match[str]) -> str:
    word = match[0]
    return word.translate(_LOOKALIKES) if _MIXED.search(word) else word


def _fold_character(char: str) -> str:
    if (known := _LETTERS.get(char) or _SIGNS.get(char)) is not None:
        return known
    category = unicodedata.category(char)
    if category == "Cf" or "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f":
        return ""
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and len(plain) == 1 and (plain in _LETTERS or plain in _SIGNS):
        return _fold_character(plain)
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if not "\u0300" <= part <= "\u036f")
    if base.isascii() or (len(base) == 1 and category[0] == "L" and not "\u1100" <= base <= "\u11ff"):
        return base
    return plain if plain.isprintable() else char


class _Table(dict[int, str]):
    """Folds a character at its first use; characters whose folding is not one character long are noted."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _fold_character(char)
        if len(folded) != 1:
            _UNEVEN.add(char)
        if len(self) < _MOST_REMEMBERED or len(folded) != 1:
            self[code] = folded
        return folded


_UNEVEN: set[str] = set()
_TABLE: Final = _Table()
