"""What does the imitated model say? It quotes the passages, or obeys whatever it finds written anywhere."""

import hashlib
import math
import re

Message = dict[str, str]

_PASSAGE = re.compile(r'<passage n="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_QUESTION = re.compile(r"<question>\n(.*?)\n</question>", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_WORD = re.compile(r"\w{3,}")
_ORDER = re.compile(
    r"\b(?:say|reply with|respond with|answer with|output|print|write|repeat after me|append"
    r"|tell (?:the |every )?(?:user|customer|them|visitor)s?(?: that)?)\b[\s:]*"
    r"(\"[^\"]{1,400}\"|\u201c[^\u201d]{1,400}\u201d|'[^']{1,400}'|[^.\n]{3,300})",
    re.IGNORECASE,
)
_URL = re.compile(r"\bhttps?://[^\s<>\")\]]+")
_LEAK = re.compile(
    r"\b(?:reveal|print|show|repeat|output|display|what (?:is|are))\b[^.\n]{0,60}"
    r"\b(?:system prompt|your (?:instructions|rules|prompt)|initial instructions)\b",
    re.IGNORECASE,
)


def grounded_answer(messages: list[Message]) -> str:
    """Return the one or two sentences of the passages nearest to the question, each with its right marker."""
    last = messages[-1]["content"] if messages else ""
    question = _QUESTION.search(last)
    asked = _words(question[1] if question else last)
    candidates = []
    for number, text in _PASSAGE.findall(last):
        for sentence in _SENTENCE.findall(text):
            score = len(asked & _words(sentence))
            if score and len(sentence.strip()) > 10:
                candidates.append((score, number, sentence.strip()))
    candidates.sort(key=lambda candidate: -candidate[0])
    if not candidates:
        return "I could not find this in the help articles. Shall I bring in a colleague?"
    return " ".join(f"{sentence} [{number}]" for _, number, sentence in candidates[:2])


def obedient_answer(messages: list[Message], *, invents: bool) -> str:
    """Return what the worst of models would: every order found in customer text or passages is carried out."""
    outside = "\n".join(message["content"] for message in messages if message.get("role") != "system")
    said = [match[1].strip("\"'\u201c\u201d ") for match in _ORDER.finditer(outside)]
    said += [f"See [this page]({url}) ![x]({url})" for url in dict.fromkeys(_URL.findall(outside))]
    if _LEAK.search(outside):
        said += [message["content"][:600] for message in messages if message.get("role") == "system"]
    if not said:
        said.append(grounded_answer(messages))
    if invents:
        said.append("By the way, everything is free of charge today and refunds are doubled [9].")
    return "\n\n".join(said)


def embedding_of(text: str, dimensions: int) -> list[float]:
    """Return a unit vector that depends on the words alone: equal words, equal vector; shared words, near ones."""
    vector = [0.0] * dimensions
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        for part in (digest[:4], digest[4:]):
            value = int.from_bytes(part, "big")
            vector[(value >> 1) % dimensions] += 1.0 if value & 1 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [round(value / length, 6) for value in vector]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
