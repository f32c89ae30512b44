"""Which processes does the Procfile ask for, and how many of each?"""

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from honcho.colour import get_colours
from honcho.environ import parse_procfile

from launcher.errors import BadSetting

# Processes that end first come first: no new requests, then no new results, then no new periodic work.
_STOP_ORDER = ("web", "worker", "beat")


@dataclass(frozen=True)
class Program:
    """One process to supervise."""

    name: str
    command: str
    colour: str

    @property
    def stop_rank(self) -> int:
        kind = self.name.partition(".")[0].partition("-")[0]
        return _STOP_ORDER.index(kind) if kind in _STOP_ORDER else len(_STOP_ORDER)


def read_programs(procfile: Path, *, web_processes: int) -> list[Program]:
    """The processes in the order of the file; `web` is repeated. Raises BadSetting if the file is empty."""
    found = parse_procfile(procfile.read_text()).processes
    if not found:
        raise BadSetting(f"{procfile} names no process.")
    commands: list[tuple[str, str]] = []
    for name, command in found.items():
        if name == "web" and web_processes > 1:
            commands += [(f"web.{number}", command) for number in range(1, web_processes + 1)]
        else:
            commands.append((name, command))
    colours = islice(get_colours(), len(commands))
    return [Program(name, command, colour) for (name, command), colour in zip(commands, colours, strict=True)]


def choose_web_processes(wanted: str | None) -> int:
    """WEB_PROCESSES, or by default half the cores: the workers need the other half. Raises BadSetting."""
    if not wanted:
        return max(1, (os.cpu_count() or 1) // 2)
    if not wanted.isdigit() or not 1 <= int(wanted) <= 64:
        raise BadSetting(f"WEB_PROCESSES must be a number from 1 to 64, not {wanted!r}.")
    return int(wanted)
