"""What does a newcomer need to know once the suite is up?"""

import json
from pathlib import Path
from typing import Any


def render_banner(folder: Path, address: str, seconds: float) -> str:
    """The text shown when everything is ready: addresses, demo sign-ins, what to try first."""
    people = read_sign_ins(folder)
    lines = ["", _RULE, f"  Switchboard is ready ({seconds:.1f} s)", _RULE]
    pages = [*(_DEMO_PAGES if people else ()), *_PAGES]
    lines += [f"  {title:<20}{address}{path}" for title, path in pages]
    if people:
        lines += ["", "  Demo sign-ins"]
        lines += _as_table([(one["role"], one["email"], one["password"], one["name"]) for one in people])
        lines += ["", "  Try first", *(f"  {number}. {text}" for number, text in enumerate(_FIRST, start=1))]
    lines += ["", "  Ctrl-C stops everything. `make reset` starts over.", _RULE, ""]
    return "\n".join(lines)


_RULE = "-" * 78
_DEMO_PAGES = (("Start page", "/"), ("Shop with chat", "/shop/"))
_PAGES = (("Agent desk", "/desk/"), ("Admin", "/admin/"), ("API", "/api/docs/"))
_FIRST = (
    "In the shop, open the chat and ask how long you have to send something back.",
    "Open the numbered citation under the answer: the passage it rests on.",
    "Reload the page: the conversation is still there.",
    "Sign in at the desk in another window and reply to the customer.",
)


def read_sign_ins(folder: Path) -> list[dict[str, str]]:
    """People of the demo company as `seed_demo` wrote them; empty if there is no demo."""
    try:
        found: Any = json.loads((folder / "demo.json").read_text())["sign_ins"]
        return [{key: str(one[key]) for key in ("name", "email", "password", "role")} for one in found]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _as_table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
