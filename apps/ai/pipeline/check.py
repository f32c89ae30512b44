"""Does the answer hold? Markers must name passages, links must come from them; what does not is taken out."""

import re

from apps.ai.types import Draft, Grounding, Verdict
from apps.conversations.types import Citation

_MARKER = re.compile(r"\[(\d{1,3})\]")
_LINK = re.compile(r"\[([^\]\[]{0,300})\]\((\S{0,2000}?)\)|(https?://[^\s<>()\[\]]{1,2000})")
# Never said with more conviction than this by an engine that only quotes.
UNGROUNDED_CONFIDENCE = 0.2


def check(draft: Draft, grounding: Grounding) -> Verdict:
    """Return the text that may be shown, its citations in order of first use, and the confidence in it."""
    known = {passage.n: passage for passage in grounding.passages}
    sources = "\n".join(passage.text for passage in grounding.passages)
    removed: list[str] = []

    def keep_known_marker(match: re.Match[str]) -> str:
        if int(match[1]) in known:
            return match[0]
        removed.append("citation")
        return ""

    def keep_known_link(match: re.Match[str]) -> str:
        address = match[2] or match[3] or ""
        if address.rstrip(".,;:!?") in sources:
            return match[0]
        removed.append("link")
        return match[1] or ""

    text = _LINK.sub(keep_known_link, draft.text)
    text = _MARKER.sub(keep_known_marker, text).strip()
    used = list(dict.fromkeys(int(number) for number in _MARKER.findall(text)))
    citations = tuple(
        Citation(
            n=number,
            document_id=known[number].document_id,
            passage_id=known[number].passage_id,
            title=known[number].title,
            passage=known[number].text,
        )
        for number in used
    )
    is_answered = bool(citations) and draft.usage.finish != "not_found"
    confidence = grounding.confidence if is_answered else min(grounding.confidence, UNGROUNDED_CONFIDENCE)
    return Verdict(
        text=text,
        citations=citations,
        confidence=round(confidence, 3),
        outcome="answered"
        if is_answered
        else (draft.usage.finish if draft.usage.finish == "small_talk" else "not_found"),
        removed=tuple(removed),
    )
