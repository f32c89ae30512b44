"""What does a piece of a streamed completion say? Server-sent events to text, finish reason and token counts.

Written for few operations per piece: one answer has hundreds. Endpoints differ in small things, so whatever
is not needed is ignored: comments, event names, role-only and empty deltas, reasoning, unknown objects.
"""

import json
import re
from typing import NamedTuple

from apps.ai.errors import ModelGarbled

MAX_LINE_BYTES = 256 * 1024

# Characters no answer needs and the database (NUL) or a screen (other controls) cannot take.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HIGH_SURROGATES = ("\ud800", "\udbff")
_decode = json.JSONDecoder().raw_decode  # without the looking for white space that json.loads adds
_THOUGHTS = ("<think>", "</think>")


class Delta(NamedTuple):
    """One event. ``text`` may be empty; ``finish_reason`` comes with the last; ``error`` is a code."""

    text: str = ""
    finish_reason: str = ""
    usage: dict[str, object] | None = None
    model: str = ""
    error: str = ""


_NOTHING = Delta()


class LineSplitter:
    """Bytes in any portions to whole lines (CRLF, LF or CR). Raises ModelGarbled on an endless one."""

    __slots__ = ("_held", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, portion: bytes) -> list[bytes]:
        if b"\n" not in portion and b"\r" not in portion and not self._ends_with_cr():
            self._hold(portion)
            return []
        lines = (b"".join(self._parts) + portion if self._parts else portion).splitlines(keepends=True)
        self._parts.clear()
        self._held = 0
        # A CR at the very end may be half of a CRLF: wait for the next byte.
        if lines and not lines[-1].endswith(b"\n"):
            self._hold(lines.pop())
        return lines

    def rest(self) -> list[bytes]:
        """Return the unfinished last line, if any."""
        rest, self._parts = b"".join(self._parts), []
        return [rest] if rest else []

    def _ends_with_cr(self) -> bool:
        return bool(self._parts) and self._parts[-1].endswith(b"\r")

    def _hold(self, portion: bytes) -> None:
        self._parts.append(portion)
        self._held += len(portion)
        if self._held > MAX_LINE_BYTES:
            raise ModelGarbled("The model endpoint sent a line longer than 256 KiB.")


class TextJoiner:
    """Pieces of text to clean pieces: joins halves of a surrogate pair, drops control characters."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def clean(self, text: str) -> str:
        if not self._half and _UNWANTED.search(text) is None:
            return text
        text = self._half + text
        self._half = ""
        if text and _HIGH_SURROGATES[0] <= text[-1] <= _HIGH_SURROGATES[1]:
            text, self._half = text[:-1], text[-1]
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return _UNWANTED.sub("", joined)


class OpeningFilter:
    """Holds back what may stand before an answer: white space, thoughts from ``<think>`` to ``</think>``."""

    __slots__ = ("_held", "_open")

    def __init__(self) -> None:
        self._held = ""
        self._open = True

    def pass_on(self, text: str) -> str:
        if not self._open:
            return text
        text = (self._held + text).lstrip()
        if text.startswith(_THOUGHTS[0]):
            # Of the thoughts only a tail is kept: enough to find an end mark that came in two pieces.
            thoughts, end, text = text.partition(_THOUGHTS[1])
            if not end:
                self._held = _THOUGHTS[0] + thoughts[len(_THOUGHTS[0]) :][-len(_THOUGHTS[1]) :]
                return ""
            text = text.lstrip()
        elif _THOUGHTS[0].startswith(text):
            self._held = text
            return ""
        self._held = ""
        self._open = not text
        return text

    def rest(self) -> str:
        """Return what was held back but turned out to be the answer (one that is a prefix of the mark)."""
        return "" if self._held.startswith(_THOUGHTS[0]) else self._held


def data_of(line: bytes) -> bytes | None:
    """Return the payload of a ``data:`` line, None for any other line."""
    return line[5:].strip() if line.startswith(b"data:") else None


def read_event(payload: bytes) -> Delta:
    """Parse one streamed event. Raises ModelGarbled if it is not a JSON object in UTF-8."""
    event = _parse(payload)
    choices = event.get("choices")
    if choices and isinstance(choices, list) and isinstance(choices[0], dict):
        choice = choices[0]
        delta = choice.get("delta")
        content = delta.get("content") if isinstance(delta, dict) else None
        finish_reason = choice.get("finish_reason")
        return Delta(
            content if isinstance(content, str) else _text_parts(content),
            finish_reason if isinstance(finish_reason, str) else "",
            _usage_of(event),
            _model_of(event),
        )
    return _read_other(event)


def read_whole(body: bytes) -> Delta:
    """Parse a completion that was not streamed although we asked. Raises ModelGarbled if it is none."""
    event = _parse(body)
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return _read_other(event)
    content, finish_reason = message.get("content"), choice.get("finish_reason")
    return Delta(
        content if isinstance(content, str) else _text_parts(content),
        finish_reason if isinstance(finish_reason, str) else "stop",
        _usage_of(event),
        _model_of(event),
    )


def error_code_of(body: bytes) -> str:
    """Return the machine code in the body of a refusal, or nothing. Never prose: it may quote the prompt."""
    try:
        return _error_code(_parse(body).get("error"))
    except ModelGarbled:
        return ""


def _parse(payload: bytes) -> dict[str, object]:
    try:
        text = payload.decode("utf-8").strip()
        event, end = _decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8 or not JSON
        raise ModelGarbled("The model endpoint sent an event that is not JSON.") from error
    if end != len(text) or not isinstance(event, dict):
        raise ModelGarbled("The model endpoint sent an event that is not an object.")
    return event


def _read_other(event: dict[str, object]) -> Delta:
    if event.get("error"):
        return Delta(error=_error_code(event["error"]) or "error")
    usage, model = _usage_of(event), _model_of(event)
    return Delta(usage=usage, model=model) if usage or model else _NOTHING


def _text_parts(content: object) -> str:
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
    return "".join(part for part in parts if isinstance(part, str))


def _usage_of(event: dict[str, object]) -> dict[str, object] | None:
    usage = event.get("usage")
    return usage if isinstance(usage, dict) else None


def _model_of(event: dict[str, object]) -> str:
    model = event.get("model")
    return model if isinstance(model, str) else ""


def _error_code(error: object) -> str:
    if not isinstance(error, dict):
        return ""
    for key in ("code", "type"):
        code = str(error.get(key) or "")
        if re.fullmatch(r"[\w.-]{1,64}", code):
            return code
    return ""
