"""Does the answer hold? Links must come from the passages; what does not is taken out. Then: how sure are we?"""

import re

from apps.ai.types import Draft, Grounding, Verdict
from apps.conversations.types import Citation
from apps.privacy.types import TOKEN_PATTERN

_MARKER = re.compile(r"\[(\d{1,3})\]")
_LINK = re.compile(r"\[([^\]\[]{0,300})\]\((\S{0,2000}?)\)|(https?://[^\s<>()\[\]]{1,2000})")
# What does not rest on a passage is never said with more conviction than this.
UNGROUNDED_CONFIDENCE = 0.2


def check(draft: Draft, grounding: Grounding) -> Verdict:
    """Return the text that may be shown, the citations it uses, and the confidence in it."""
    sources = "\n".join(passage.text for passage in grounding.passages)
    removed = ["citation"] * draft.unknown_markers

    def keep_known_link(match: re.Match[str]) -> str:
        address = match[2] or match[3] or ""
        if address.rstrip(".,;:!?") in sources:
            return match[0]
        removed.append("link")
        label = match[1] or ""
        # A token looks like a link's label; without its brackets it would stand for nothing.
        return f"[{label}]" if TOKEN_PATTERN.fullmatch(f"[{label}]") else label

    text = _LINK.sub(keep_known_link, draft.text).strip()
    used = {int(number) for number in _MARKER.findall(text)}
    citations = tuple(
        Citation(
            n=n,
            document_id=passage.document_id,
            passage_id=passage.passage_id,
            title=passage.title,
            passage=passage.text,
        )
        for n, passage in enumerate(draft.cited, start=1)
        if n in used
    )
    outcome = _outcome(draft, citations)
    is_answered = outcome == "answered"
    return Verdict(
        text=text,
        citations=citations,
        confidence=round(_confidence(draft, grounding, is_answered=is_answered), 3),
        outcome=outcome,
        removed=tuple(removed),
    )


def _confidence(draft: Draft, grounding: Grounding, *, is_answered: bool) -> float:
    bounds = [grounding.confidence]
    if not is_answered:
        bounds.append(UNGROUNDED_CONFIDENCE)
    if draft.usage.evidence is not None:
        # The built-in engine knows how well its sentences fit the question, not only the passage.
        bounds.append(draft.usage.evidence)
    return min(bounds)


def _outcome(draft: Draft, citations: tuple[Citation, ...]) -> str:
    if draft.usage.finish == "small_talk":
        return "small_talk"
    return "answered" if citations and draft.usage.finish != "not_found" else "not_found"
