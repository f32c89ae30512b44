"""What does outside text look like before it is stored, and before its words are indexed? All in linear time."""

import re
import unicodedata

# What PostgreSQL cannot store (NUL), halves of characters (JSON may smuggle them in), and other control characters.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")
_NEWLINES = re.compile("\r\n?|[\u2028\u2029\x85]")
# Scripts that put no space between words. Two neighbouring characters stand for a word there.
_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u1000-\u109f\u1780-\u17d3\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)


def clean_text(text: str) -> str:
    """Return ``text`` as it may be stored: storable characters only, newlines as ``\\n``, composed (NFC)."""
    text = _NEWLINES.sub("\n", _UNSTORABLE.sub("", text))
    return unicodedata.normalize("NFC", text).strip()


def clean_line(text: str, *, limit: int) -> str:
    """Return ``text`` as one line of at most ``limit`` characters, for titles, ids and headings."""
    return " ".join(clean_text(text).split())[:limit]


def as_words(text: str) -> str:
    """Return ``text`` in lower case with blanks where punctuation was, ready for ``to_tsvector``.

    PostgreSQL's parser would otherwise take ``and/or`` for a file name and ``8.1`` for a number, and, under the C
    locale, leave capitals outside ASCII alone. Text without spaces becomes overlapping pairs of characters.
    """
    words = _UNSTORABLE.sub("", unicodedata.normalize("NFKC", text)).lower().translate(_BLANKS)
    return _UNSPACED.sub(_as_pairs, words)


def _as_pairs(match: re.Match[str]) -> str:
    run = match.group()
    if len(run) == 1:
        return f" {run} "
    return f" {' '.join(run[index : index + 2] for index in range(len(run) - 1))} "


class _Blanks(dict[int, str]):
    """Maps whatever is no letter, mark or digit to a blank; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code in _INSIDE_WORDS:
            self[code] = ""
        else:
            self[code] = " " if unicodedata.category(character)[0] in "PSZC" else character
        return self[code]


# Joiners, soft hyphens and variation selectors part no words; they are dropped.
_INSIDE_WORDS = frozenset({0xAD, 0x200B, 0x200C, 0x200D, 0x2060, *range(0xFE00, 0xFE10)})
_BLANKS = _Blanks()
