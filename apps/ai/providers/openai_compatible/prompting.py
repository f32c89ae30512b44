"""What do we say to a model? Versioned instructions, earlier turns, then passages and question as data."""

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from apps.ai.types import DraftRequest, GroundingPassage, Turn

PROMPT_FILE = Path(__file__).resolve().parents[2] / "prompts" / "answer.md"
TURNS_KEPT = 12
TURN_CHARACTERS = 2_000
QUESTION_CHARACTERS = 4_000
PASSAGE_CHARACTERS = 4_000
TITLE_CHARACTERS = 200

# Our own delimiters, and the control marks of chat templates, which some servers find even inside a message.
_DELIMITERS = re.compile(
    r"<(?=\s*/?\s*(?:passages?|question|system|assistant|user|tool|instructions?|SYS)\b|\|)"
    r"|\uff1c(?=\s*[/\uff0f]?\s*(?:passages?|question)\b)"
    r"|\[(?=\s*/?\s*(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\s*\])",
    re.IGNORECASE,
)
_CITATION = re.compile(r"\[(\d{1,3})\]")
# Invisible characters in which instructions can hide: zero-width, directional, tag block, most controls.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)

Message = dict[str, str]


class Prompt(NamedTuple):
    """The instructions and their version, which the trace of an answer names."""

    version: str
    text: str


@functools.cache
def load_prompt() -> Prompt:
    """Return the prompt file, read once a process."""
    header, _, text = PROMPT_FILE.read_text("utf-8").partition("\n")
    key, _, version = header.partition(":")
    assert key == "version", f"{PROMPT_FILE.name} begins with its version"
    return Prompt(version.strip(), text.strip())


def build_messages(request: DraftRequest) -> list[Message]:
    """Return the chat messages: system, earlier turns in alternation, and a last one of the customer."""
    names = {
        "{{assistant}}": request.assistant_name,
        "{{organisation}}": request.organisation_name,
        "{{language}}": request.language,
    }
    instructions = load_prompt().text
    for mark, name in names.items():
        instructions = instructions.replace(mark, _one_line(name))
    question = neutralise(request.question, QUESTION_CHARACTERS)
    last = f"{_passages(request.passages)}\n\n<question>\n{question}\n</question>"
    return [{"role": "system", "content": instructions}, *_alternating(request.turns, last)]


def neutralise(text: str, limit: int) -> str:
    """Return outside text that cannot end its delimiters nor hide anything; all other characters stay."""
    return _DELIMITERS.sub(lambda match: "\u2039" if match[0] != "[" else "(", _INVISIBLE.sub("", text[:limit]))


def _passages(passages: Iterable[GroundingPassage]) -> str:
    blocks = [_passage(passage) for passage in passages]
    return "\n\n".join(blocks) if blocks else "There are no passages for this question."


def _passage(passage: GroundingPassage) -> str:
    title = " / ".join(filter(None, (_one_line(passage.title), _one_line(passage.heading)))).replace('"', "'")
    # A "[3]" in an article is a footnote there; here it would read as a citation.
    text = _CITATION.sub(r"(\1)", neutralise(passage.text, PASSAGE_CHARACTERS))
    return f'<passage n="{passage.n}" title="{title}">\n{text}\n</passage>'


def _alternating(turns: tuple[Turn, ...], last: str) -> list[Message]:
    """Join neighbours of one side and begin with the customer: many chat templates refuse anything else."""
    messages: list[Message] = []
    for turn in turns[-TURNS_KEPT:]:
        role = "user" if turn.author == "customer" else "assistant"
        _append(messages, role, neutralise(turn.text, TURN_CHARACTERS))
    _append(messages, "user", last)
    return messages


def _append(messages: list[Message], role: str, content: str) -> None:
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += "\n\n" + content
    elif messages or role == "user":
        messages.append({"role": role, "content": content})


def _one_line(text: str) -> str:
    return " ".join(neutralise(text, TITLE_CHARACTERS).split())
