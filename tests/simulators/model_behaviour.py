"""How shall the imitated model endpoint behave just now? The controls, and which fault meets the next request.

Faults, each a JSON object with ``kind`` (a list of them is used up one per request, ``none`` lets one pass unharmed):

========== ================================================================================================
status     ``status`` (429, 500, 401 …), ``retry_after`` (header as text), ``code`` (in the body); ``body: stalls``
close      closes the connection without an answer; ``reset`` with a TCP reset
stall      falls silent after ``after`` tokens; with ``headers: false`` not even the headers come
cut        closes the connection after ``after`` tokens; ``reset`` with a TCP reset
garbage    ``form``: json, object, html, binary, content_type, utf8, not_http, long_line; after ``after`` tokens
trickle    sends everything in portions of ``bytes`` with ``gap_ms`` between, the headers included
error      an error object in the stream after ``after`` tokens, with ``code``
empty      a well-formed stream without text; ``finish_reason`` may be content_filter or length
redirect   to ``location``
========== ================================================================================================
"""

import random
from dataclasses import dataclass, field, fields
from typing import Any

Json = dict[str, Any]


@dataclass
class Dialect:
    """Small ways in which healthy endpoints differ from one another."""

    newline: str = "\n"
    space_after_data: bool = True
    comments: bool = False  # ": keep-alive" between the events
    event_names: bool = False
    role_delta: bool = True  # a first delta with the role alone
    null_content: bool = False  # deltas with "content": null in between
    reasoning: int = 0  # deltas that hold only reasoning, before the text
    thoughts: str = ""  # sent in the text itself, between <think> marks
    content_parts: bool = False  # content as a list of typed parts
    usage: bool = True
    finish_reason: str = "stop"  # empty: none is sent
    done: bool = True
    linger: bool = False  # stays open after the last event
    chunked: bool = True  # else the end of the connection ends the body
    whole: bool = False  # ignores "stream" and sends one JSON object
    takes_options: bool = True  # else 400 when temperature or max_tokens are set
    portion_bytes: int = 0  # cuts the body into writes of this size


@dataclass
class Behaviour:
    """Everything ``POST /_control`` can set."""

    first_token_ms: float = 0.0
    token_gap_ms: float = 0.0
    style: str = "grounded"  # grounded, obedient, fixed
    text: str = ""  # the answer in style fixed
    invents: bool = True  # obedient: adds a made-up fact with citation [9]
    api_key: str = ""  # if set, any other key meets 401
    models: list[str] = field(default_factory=list)  # if set, any other model meets 404
    dialect: Dialect = field(default_factory=Dialect)
    faults: list[Json] = field(default_factory=list)
    fault_probability: float = 0.0
    random_faults: list[Json] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def change(self, changes: Json) -> None:
        """Set what is named, leave the rest. Raises ValueError for a name that does not exist."""
        known = {each.name for each in fields(self)}
        if unknown := set(changes) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self, name, Dialect(**value) if name == "dialect" else value)
        if "seed" in changes:
            self._random = random.Random(self.seed)

    def next_fault(self) -> Json:
        """Return the fault for the next request; ``{"kind": "none"}`` if it is to go well."""
        if self.faults:
            return self.faults.pop(0)
        if self.random_faults and self._random.random() < self.fault_probability:
            return self._random.choice(self.random_faults)
        return {"kind": "none"}
