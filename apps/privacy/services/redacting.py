"""Which text may search, models and logs see? Personal data is found and replaced by the conversation's tokens."""

from collections.abc import Sequence

from apps.privacy.pipeline import canonical, finding
from apps.privacy.types import REPLACED, KnownIdentities, Redacted, Span, TokenTable

NOBODY = KnownIdentities()


def find_spans(
    text: str,
    *,
    known: KnownIdentities = NOBODY,
    region: str | None = None,
    spared: Sequence[str] = (),
    own_words: Sequence[str] = (),
) -> list[Span]:
    """Return what is recognised in a text, in order, without overlaps; offsets are those of ``text``.

    ``region`` (two letters, as in "DE") is where numbers without a country code are dialled. ``spared`` are the
    organisation's own names, addresses and domains, of which each word counts alone, ``own_words`` its products and the
    like, which count as they stand: with "Rose Gold" among them "Rose Miller" is still hidden. Kinds that are
    recognised but not replaced (``types.KEPT``) are among the spans.
    """
    return finding.find_spans(text, known=known, region=region, spared=tuple(spared), own_words=tuple(own_words))


def redact(
    text: str,
    *,
    tokens: TokenTable,
    known: KnownIdentities = NOBODY,
    region: str | None = None,
    spared: Sequence[str] = (),
    own_words: Sequence[str] = (),
) -> Redacted:
    """Return the text with tokens in place of personal data; ``tokens`` gains the values that are new.

    For texts as people wrote them. A redacted text must not be redacted again: its tokens would be taken for text.
    """
    pieces: list[str] = []
    replaced: list[Span] = []
    added: list[str] = []
    position = 0
    for span in find_spans(text, known=known, region=region, spared=spared, own_words=own_words):
        if span.kind not in REPLACED:
            continue
        value = text[span.start : span.end]
        before = len(tokens)
        token = tokens.add_value(span.kind, canonical.canonicalise(span.kind, value, region=region), value)
        if len(tokens) > before:
            added.append(token)
        pieces += (text[position : span.start], token)
        replaced.append(span)
        position = span.end
    pieces.append(text[position:])
    return Redacted("".join(pieces), tuple(replaced), tuple(added))
