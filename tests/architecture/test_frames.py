"""Every frame of the sockets is documented, sent by somebody and read by somebody."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from apps.core import sockets
from apps.desk import wire as desk_wire
from apps.inboxes import wire as visitor_wire
from tests.architecture import source

SCRIPTS = source.list_files("static", suffix=".js")
TESTS = [path for path in source.list_modules("tests") if source.ROOT / "tests" / "architecture" not in path.parents]
PAGE = source.read(source.ROOT / "docs" / "realtime.md")
VISITOR_IN = get_args(get_args(visitor_wire.VisitorFrame)[0])
DESK_IN = get_args(get_args(desk_wire.DeskFrame)[0])


def _type_of(frame: type[BaseModel]) -> str:
    return str(get_args(frame.model_fields["type"].annotation)[0])


def _is_frame(member: Any, module: str) -> bool:
    return (
        inspect.isclass(member)
        and issubclass(member, BaseModel)
        and member.__module__ == module
        and "type" in member.model_fields
    )


def _list_frames() -> list[type[BaseModel]]:
    files = [
        path for path in source.list_modules("apps") if path.match("apps/*/wire.py") or path.match("apps/*/types.py")
    ]
    names = {f"apps.{path.parent.name}.{path.stem}" for path in files} | {sockets.__name__}
    modules = [import_module(name) for name in sorted(names)]
    return [member for module in modules for member in vars(module).values() if _is_frame(member, module.__name__)]


FRAMES = _list_frames()
FROM_CLIENTS = [frame for frame in FRAMES if issubclass(frame, sockets.Inbound)]
FROM_SERVER = [frame for frame in FRAMES if frame not in FROM_CLIENTS]


def _name(frame: type[BaseModel]) -> str:
    return f"{frame.__module__.removeprefix('apps.')}.{frame.__name__}"


def _text_of(*folders: str) -> str:
    wanted = [source.ROOT / "static" / folder for folder in folders]
    return "\n".join(source.read(path) for path in SCRIPTS if set(wanted) & set(path.parents))


def _is_sent(word: str, script: str) -> bool:
    return re.search(rf'\btype: "{re.escape(word)}"', script) is not None


def _is_read(word: str, script: str) -> bool:
    # Compared with, or a key in a table of readers.
    return re.search(rf'"{re.escape(word)}"|^\s*{re.escape(word)}: \(', script, re.MULTILINE) is not None


def _folders_of(frame: type[BaseModel]) -> tuple[str, ...]:
    return {"apps.inboxes.wire": ("inboxes", "shared"), "apps.desk.wire": ("desk", "shared")}.get(
        frame.__module__, ("inboxes", "desk", "shared")
    )


def test_there_are_frames_to_look_at() -> None:
    assert {"hello", "welcome", "message.created", "answer.delta", "error", "pong", "watching"} <= {
        _type_of(frame) for frame in FRAMES
    }


# Documentation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", FRAMES, ids=_name)
def test_a_frame_is_documented_with_all_its_fields(frame: type[BaseModel]) -> None:
    sections = [part for part in PAGE.split("\n### ") if part.startswith(f"`{_type_of(frame)}`\n")]
    fields = [f"| `{field}` |" for field in frame.model_fields if field != "type"]

    assert any(all(field in section for field in fields) for section in sections)


@pytest.mark.parametrize("frame", FRAMES, ids=_name)
def test_a_frame_says_what_it_is_for(frame: type[BaseModel]) -> None:
    assert (frame.__doc__ or "").strip().endswith(".")


def test_nothing_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"^### `([a-z.]+)`$", PAGE, re.MULTILINE))

    assert documented == {_type_of(frame) for frame in FRAMES}


@pytest.mark.parametrize("frame", FRAMES, ids=_name)
def test_a_frame_refuses_fields_it_does_not_have(frame: type[BaseModel]) -> None:
    assert frame.model_config.get("extra") == "forbid"
    assert frame.model_config.get("frozen") is True


def test_every_close_code_of_the_code_is_documented() -> None:
    used = {
        code
        for path in source.list_modules("apps", "config")
        for code in re.findall(r"\b4[45]\d\d\b", source.read(path))
        if path.name in {"sockets.py", "consumers.py"}
    }

    assert {code for code in used if f"| {code} |" not in PAGE} == set()


# Clients ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", VISITOR_IN, ids=_name)
def test_what_a_visitor_may_say_the_widget_says(frame: type[BaseModel]) -> None:
    assert _is_sent(_type_of(frame), _text_of("inboxes", "shared"))


@pytest.mark.parametrize("frame", DESK_IN, ids=_name)
def test_what_an_agent_may_say_the_desk_says(frame: type[BaseModel]) -> None:
    assert _is_sent(_type_of(frame), _text_of("desk", "shared"))


# A pong is read by arriving: to a client, any frame is a sign of life.
@pytest.mark.parametrize("frame", [frame for frame in FROM_SERVER if frame is not sockets.Pong], ids=_name)
def test_what_the_server_says_a_client_reads(frame: type[BaseModel]) -> None:
    assert _is_read(_type_of(frame), _text_of(*_folders_of(frame)))


def test_clients_say_nothing_the_server_does_not_understand() -> None:
    said = {
        (source.show(path), word)
        for path in SCRIPTS
        for word in re.findall(r'#send\w*\([^;]*?\btype: "([\w.]+)"', source.read(path))
    }

    known = {_type_of(frame) for frame in FROM_CLIENTS}
    assert {(path, word) for path, word in said if word not in known} == set()
    assert len(said) >= len({*VISITOR_IN, *DESK_IN}) - 3


# Tests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", FRAMES, ids=_name)
def test_a_frame_appears_in_a_test(frame: type[BaseModel]) -> None:
    word, name = _type_of(frame), frame.__name__
    naming = [path for path in TESTS if f'"{word}"' in source.read(path) or f"wire.{name}" in source.read(path)]

    assert [path for path in naming if path.name.startswith("test_")] != []


def test_the_consumers_answer_every_frame_they_accept() -> None:
    accepted = {"inboxes": VISITOR_IN, "desk": DESK_IN}
    unanswered = [
        (app, _type_of(frame))
        for app, frames in accepted.items()
        for frame in frames
        if frame is not sockets.Ping
        if f"def on_{_type_of(frame).replace('.', '_')}(" not in source.read(_consumers(app))
    ]

    assert unanswered == []


def _consumers(app: str) -> Path:
    return source.ROOT / "apps" / app / "consumers.py"
