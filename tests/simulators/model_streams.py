"""How does the imitated endpoint send a chat answer? Event by event, in its dialect, with the fault that is due."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Protocol

from tests.simulators import model_styles
from tests.simulators.model_behaviour import Behaviour, Dialect, Json

_TOKEN = re.compile(r"\s*\S+\s*$|\s*\S+")
_FOR_EVER = 3_600.0
_HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


class Sender(Protocol):
    """What a connection offers to those who write an answer."""

    transport: asyncio.Transport

    def send_json(self, value: Json, status: int = 200, headers: dict[str, str] | None = None) -> None: ...

    def send_body(self, body: bytes, status: int, headers: dict[str, str]) -> None: ...

    def drop(self, *, reset: bool) -> None: ...


async def answer_chat(sender: Sender, behaviour: Behaviour, body: Json, entry: Json) -> None:
    """Answer one ``/v1/chat/completions``."""
    fault = behaviour.next_fault()
    if await answer_with_fault(sender, fault):
        return
    dialect = behaviour.dialect
    if not dialect.takes_options and ("temperature" in body or "max_tokens" in body):
        sender.send_json({"error": {"code": "unsupported_parameter", "message": "no options"}}, 400)
        return
    text = "" if fault["kind"] == "empty" else text_for(behaviour, body["messages"])
    if dialect.whole or not body.get("stream"):
        await asyncio.sleep(behaviour.first_token_ms / 1000)
        sender.send_json(_whole(body, text))
        entry["tokens_sent"] = len(_TOKEN.findall(text))
        return
    await _Stream(sender, behaviour, fault, body, entry).send(text)


async def answer_with_fault(sender: Sender, fault: Json) -> bool:
    """Answer with a fault that replaces the whole answer. Returns whether it did."""
    match fault["kind"]:
        case "status" if fault.get("body") == "stalls":
            head = f"HTTP/1.1 {fault['status']} Simulated\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
            sender.transport.write(head.encode() + b"\r\n")
            await asyncio.sleep(_FOR_EVER)
        case "status":
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
            error = {"code": fault.get("code", "simulated"), "message": "simulated failure"}
            sender.send_json({"error": error}, int(fault["status"]), headers)
        case "redirect":
            sender.send_body(b"", 307, {"Location": fault["location"]})
        case "close":
            sender.drop(reset=fault.get("reset", False))
        case "stall" if not fault.get("headers", True):
            await asyncio.sleep(_FOR_EVER)
        case "garbage" if fault["form"] == "html":
            sender.send_body(_HTML, 200, {"Content-Type": "text/html"})
        case "garbage" if fault["form"] == "content_type":
            sender.send_body(b"data: hello\n\n", 200, {"Content-Type": "application/octet-stream"})
        case "garbage" if fault["form"] == "not_http":
            sender.transport.write(b"\x15\x03\x01\x00\x02\x02\x50 not http at all\r\n\r\n")
            sender.drop(reset=False)
        case _:
            return False
    return True


def text_for(behaviour: Behaviour, messages: list[dict[str, str]]) -> str:
    """Return the answer in the style set."""
    if behaviour.style == "fixed":
        return behaviour.text
    if behaviour.style == "obedient":
        return model_styles.obedient_answer(messages, invents=behaviour.invents)
    return model_styles.grounded_answer(messages)


class _Stream:
    """One streamed answer."""

    def __init__(self, sender: Sender, behaviour: Behaviour, fault: Json, body: Json, entry: Json) -> None:
        self._sender = sender
        self._behaviour = behaviour
        self._dialect = behaviour.dialect
        self._fault = fault
        self._body = body
        self._entry = entry
        model = json.dumps(str(body.get("model", "")))
        self._start = f'{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":0,"model":{model},'

    async def send(self, text: str) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
        ending = b"Transfer-Encoding: chunked" if self._dialect.chunked else b"Connection: close"
        if self._fault["kind"] == "trickle":
            await self._trickle(head + ending + b"\r\n\r\n", text)
            return
        self._sender.transport.write(head + ending + b"\r\n\r\n")
        async for portion in self._portions(text):
            self._write(portion)
        if self._sender.transport.is_closing():
            return
        if self._dialect.linger:
            await asyncio.sleep(_FOR_EVER)
        if self._dialect.chunked:
            self._sender.transport.write(b"0\r\n\r\n")
        else:
            self._sender.drop(reset=False)

    async def _trickle(self, head: bytes, text: str) -> None:
        body = b"".join([portion async for portion in self._portions(text)])
        everything = head + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if self._dialect.chunked else body)
        size = int(self._fault.get("bytes", 1))
        for at in range(0, len(everything), size):
            self._sender.transport.write(everything[at : at + size])
            await asyncio.sleep(self._fault.get("gap_ms", 10) / 1000)

    def _write(self, portion: bytes) -> None:
        size = self._dialect.portion_bytes or max(1, len(portion))
        for at in range(0, len(portion), size):
            part = portion[at : at + size]
            self._sender.transport.write(b"%x\r\n%b\r\n" % (len(part), part) if self._dialect.chunked else part)

    async def _portions(self, text: str) -> AsyncIterator[bytes]:
        """Yield the body, one portion per write; waits between tokens; breaks off or turns bad where it should."""
        behaviour, dialect = self._behaviour, self._dialect
        tokens = _TOKEN.findall(text)
        for line in _opening(dialect):
            yield self._event(f'"choices":[{{"index":0,"delta":{line},"finish_reason":null}}]')
        await asyncio.sleep(behaviour.first_token_ms / 1000)
        together: list[bytes] = []
        for number, token in enumerate(tokens):
            if number == self._fault.get("after", 0) and (bad := await self._turn_bad()) is not None:
                yield b"".join(together) + bad
                together = []
                if self._sender.transport.is_closing():
                    return
            if behaviour.token_gap_ms:
                if number:
                    await asyncio.sleep(behaviour.token_gap_ms / 1000)
                yield self._token(token)
            else:  # all that is there goes out in one write, as the kernel would join it anyhow
                together.append(self._token(token))
            self._entry["tokens_sent"] = number + 1
        yield b"".join(together) + self._closing(len(tokens))

    async def _turn_bad(self) -> bytes | None:
        fault = self._fault
        match fault["kind"]:
            case "stall":
                await asyncio.sleep(_FOR_EVER)
            case "cut":
                # What was written so far must leave before the end of the connection does.
                await asyncio.sleep(0.02)
                self._sender.drop(reset=fault.get("reset", False))
                return b""
            case "error":
                event = {"error": {"code": fault.get("code", "server_error"), "message": "simulated failure"}}
                return b"data: " + json.dumps(event).encode() + b"\n\n"
            case "garbage":
                return _GARBAGE[fault["form"]]
        return None

    def _token(self, token: str) -> bytes:
        dialect = self._dialect
        content = json.dumps(token, ensure_ascii=False)
        if dialect.content_parts:
            content = f'[{{"type":"text","text":{content}}}]'
        event = self._event(f'"choices":[{{"index":0,"delta":{{"content":{content}}},"finish_reason":null}}]')
        if dialect.null_content:
            event += self._event('"choices":[{"index":0,"delta":{"content":null},"finish_reason":null}]')
        return event

    def _closing(self, tokens: int) -> bytes:
        dialect, closing = self._dialect, b""
        reason = self._fault.get("finish_reason", dialect.finish_reason)
        if reason:
            closing += self._event(f'"choices":[{{"index":0,"delta":{{}},"finish_reason":{json.dumps(reason)}}}]')
        if dialect.usage:
            prompt = sum(len(message["content"].split()) for message in self._body["messages"])
            closing += self._event(f'"choices":[],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{tokens}}}')
        return closing + (self._data("[DONE]") if dialect.done else b"")

    def _event(self, rest: str) -> bytes:
        return self._data(f"{self._start}{rest}}}")

    def _data(self, payload: str) -> bytes:
        dialect = self._dialect
        newline = dialect.newline
        before = f": keep-alive{newline}{newline}" if dialect.comments else ""
        before += f"event: message{newline}" if dialect.event_names else ""
        space = " " if dialect.space_after_data else ""
        return f"{before}data:{space}{payload}{newline}{newline}".encode()


def _opening(dialect: Dialect) -> list[str]:
    lines = ['{"role":"assistant","content":""}'] if dialect.role_delta else []
    lines += ['{"reasoning_content":"Let me think."}'] * dialect.reasoning
    if dialect.thoughts:
        lines += [json.dumps({"content": part}) for part in ("<thi", f"nk>{dialect.thoughts}</", "think>\n\n")]
    return lines


def _whole(body: Json, text: str) -> Json:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 1, "completion_tokens": len(text.split())}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"object": "chat.completion", "model": body.get("model"), "choices": [choice], "usage": usage}


_GARBAGE = {
    "json": b'data: {"choices": [{"delta": {"content": "half\n\n',
    "object": b'data: ["not", "an", "object"]\n\n',
    "binary": bytes(range(256)) * 4 + b"\ndata: \x00\x01\x02\xff\n\n",
    "utf8": b'data: {"choices":[{"index":0,"delta":{"content":"\xe2\x82"}}]}\n\n',
    "long_line": b"data: " + b"x" * (600 * 1024) + b"\n\n",
}
