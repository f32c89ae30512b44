"""What did the scan of the canaries show? docs/plaintext-scan.md, and what is whose fault."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from bench.canary_people import Sown
from bench.measuring import describe_machine

# Where redaction puts its text. What stands here in the clear was not recognised; that it then also stands in what is
# made from it (search words, titles, indexes on disk) follows. Whatever is found only elsewhere, was stored wrongly.
REDACTED = ("conversations_message", "text")


@dataclass
class Findings:
    """The three scans, what the model saw, and what people did not see."""

    before: dict[str, Any]
    during: dict[str, Any]
    after: dict[str, Any]
    in_prompts: Counter[str]
    problems: list[str]
    answers: int
    tokens: int
    replies: int
    prompts: int

    @property
    def exit_code(self) -> int:
        """2 if a scan was blind, 1 if anything was found or not shown, else 0."""
        codes: list[int] = [one["exit_code"] for one in (self.before, self.during, self.after)]
        return max(*codes, int(bool(self.in_prompts or self.problems)))

    @cached_property
    def unrecognised(self) -> set[str]:
        """The canaries that stand in redacted text."""
        found = [one for scan in (self.during, self.after) for one in scan["findings"] if _place(one) == REDACTED]
        # Many addresses are made of their owner's name: where one was missed, part of the name is no second miss.
        addresses = {(one["row"], _person(one)) for one in found if one["kind"] == "email"}
        return {
            one["canary"]
            for one in found
            if not ("a part" in one["encoding"] and (one["row"], _person(one)) in addresses)
        }

    @cached_property
    def leaked(self) -> dict[str, set[str]]:
        """The canaries found although redaction recognised them, by where."""
        found: dict[str, set[str]] = defaultdict(set)
        for scan in (self.during, self.after):
            for one in scan["findings"]:
                if one["canary"] not in self.unrecognised and not self._is_part_of_an_address(one):
                    found[_where(one)].add(one["canary"])
        for canary in set(self.in_prompts) - self.unrecognised:
            found["requests to the model"].add(canary)
        return found

    def _is_part_of_an_address(self, finding: dict[str, Any]) -> bool:
        """Tell whether only part of a name was found, of somebody whose address was not recognised."""
        return "a part" in finding["encoding"] and any(
            canary.startswith(f"{_person(finding)}-email") for canary in self.unrecognised
        )


def render_report(found: Findings, sown: Mapping[str, Sown], *, chats: int, seed: int) -> str:
    """Return docs/plaintext-scan.md."""
    lines = [
        "# Scan for plain text: is anything people write stored readably?",
        "",
        "Written by `make canaries`, against real processes (Daphne, Celery workers, PostgreSQL, Valkey) and an",
        "imitated model endpoint. Invented customers of twelve countries write names, addresses and numbers that occur",
        "nowhere else, each as people write them; some come with a visitor token, and agents answer some. Then",
        "`manage.py scan_plaintext` looks for all of them in every form ([how](how-to/scan-for-plain-text.md)).",
        "",
        f"Last run: {datetime.now(UTC):%Y-%m-%d}, {describe_machine()}; seed {seed}.",
        "",
        *_summary(found, sown, chats),
        "",
        "## Stores",
        "",
        *_stores(found),
        "",
        "## What redaction recognised",
        "",
        "A canary that stands in the redacted text of a message was not recognised. It is then also in what is made",
        "from that text; this is the recogniser's miss, not the storage's.",
        "",
        *_recognised(found, sown),
        "",
        "## What was stored wrongly",
        "",
        *_leaks(found, sown),
    ]
    if found.problems:
        lines += ["", "## What people did not see as it was written", "", *(f"- {one}" for one in found.problems[:20])]
    blind = [problem for scan in (found.before, found.during, found.after) for problem in scan["problems"]]
    if blind:
        lines += ["", "## Where the scanner did not see everything", "", *(f"- {one}" for one in sorted(set(blind)))]
    return "\n".join([*lines, ""])


def _summary(found: Findings, sown: Mapping[str, Sown], chats: int) -> list[str]:
    scans = {"before the first message": found.before, f"while {chats:,} chats ran": found.during, "after": found.after}
    rows = [
        f"| {name} | {scan['bytes_read'] / 1e6:,.0f} | {scan['seconds']:,.0f} | {_controls(scan)} "
        f"| {len({one['canary'] for one in scan['findings']}):,} | {scan['total_findings']:,} |"
        for name, scan in scans.items()
    ]
    return [
        f"{len(sown):,} canaries, {found.after['needles']:,} needles; {found.answers:,} answers, {found.replies} "
        f"replies by agents, {found.tokens} visitor tokens. In the last {found.prompts:,} requests to the model: "
        f"{len(found.in_prompts):,} canaries.",
        "",
        "| scan | MB read | seconds | controls found | canaries found | findings |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def _controls(scan: dict[str, Any]) -> str:
    states = [state for store in scan["stores"] for state in store["controls"].values()]
    return f"{sum(states)} of {len(states)}"


def _stores(found: Findings) -> list[str]:
    lines = ["| store | MB read | controls | findings meanwhile | findings after |", "|---|---|---|---|---|"]
    after = {store["name"]: store for store in found.after["stores"]}
    for store in found.during["stores"]:
        late = after.get(store["name"], store)
        seen = f"{sum(late['controls'].values())} of {len(late['controls'])}"
        size = max(store["bytes_read"], late["bytes_read"]) / 1e6
        lines.append(f"| {store['name']} | {size:,.2f} | {seen} | {store['findings']:,} | {late['findings']:,} |")
    return lines


def _recognised(found: Findings, sown: Mapping[str, Sown]) -> list[str]:
    total = Counter((one.canary.kind, one.manner) for one in sown.values() if one.manner != "in a visitor token")
    missed = Counter((sown[one].canary.kind, sown[one].manner) for one in found.unrecognised if one in sown)
    lines = ["| kind | written | sown | in redacted text | recognised |", "|---|---|---|---|---|"]
    for (kind, manner), count in sorted(total.items()):
        bad = missed[kind, manner]
        lines.append(f"| {kind} | {manner} | {count} | {bad} | {100 * (count - bad) / count:.1f} % |")
    return lines


def _leaks(found: Findings, sown: Mapping[str, Sown]) -> list[str]:
    if not found.leaked:
        return ["Nothing: whatever redaction recognised was found nowhere."]
    lines = ["| where | canaries | kinds |", "|---|---|---|"]
    for where, canaries in sorted(found.leaked.items()):
        kinds = Counter(sown[one].canary.kind for one in canaries if one in sown)
        shown = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        lines.append(f"| {where} | {len(canaries)} | {shown} |")
    return lines


def _place(finding: dict[str, Any]) -> tuple[str, str]:
    return finding["place"], finding["column"]


def _person(finding: dict[str, Any]) -> str:
    return str(finding["canary"]).partition("-")[0]


def _where(finding: dict[str, Any]) -> str:
    if finding["store"].startswith("database"):
        return f"{finding['store']}: {finding['place']} {finding['column']}"
    return str(finding["store"])
