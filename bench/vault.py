"""What does the vault cost, and what do customers notice while all keys come under a new root key?

``python -m bench.vault`` starts a suite of its own, gives its vault 100,000 keys under an old root key, and rotates
them while visitors chat and other processes read keys that nobody has at hand. Exit status 1 if anything failed
meanwhile, or if sealing or opening a text of 200 bytes takes longer than the target.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.measuring import Percentiles, describe_machine
from launcher.layout import PROJECT
from tests.journeys.suite import Suite, clear_folder, running_suite
from tests.journeys.visitor import Visitor

TARGET_MICROSECONDS = 100.0
CHATS = 4
CALM_SECONDS = 15.0


@dataclass
class Watched:
    """What somebody who uses the vault has seen."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def take(self, since: float) -> None:
        self.milliseconds.append((time.perf_counter() - since) * 1000)

    def summary(self) -> dict[str, object]:
        found = asdict(Percentiles.of(self.milliseconds)) if self.milliseconds else {}
        return {"count": len(self.milliseconds), "failures": self.failures, **found}


def main() -> int:
    """Print the figures; exit status as above."""
    parser = argparse.ArgumentParser(prog="python -m bench.vault", description=__doc__)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    folder = PROJECT / "var" / "bench-vault"
    clear_folder(folder)
    old, new = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    figures: dict[str, object] = {"machine": describe_machine(), "load": os.getloadavg()[0]}
    with running_suite(folder, VAULT_ROOT_KEYS=f"2:{new},1:{old}") as suite:
        figures["fields"] = _read_figures(suite, f"1:{old}", "--measure-fields")
        figures["made"] = _read_figures(suite, f"1:{old}", "--make", str(options.keys))
        asyncio.run(_greet(suite))
        figures["calm"] = _watch(suite, lambda: _wait(CALM_SECONDS))
        figures["rotating"] = _watch(suite, lambda: _rotate(suite))
        figures["left under the old root key"] = suite.manage("report_keys").stdout.count("     1  wraps")
    clear_folder(folder)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if _is_bad(figures) else 0


def _is_bad(figures: dict[str, object]) -> bool:
    shown = json.dumps(figures)
    failed = shown.count('"failures": []') != shown.count('"failures": ')
    fields = figures["fields"]
    assert isinstance(fields, dict)
    slow = max(fields["seal_microseconds"], fields["open_microseconds"]) > TARGET_MICROSECONDS
    return failed or slow or bool(figures["left under the old root key"])


def _read_figures(suite: Suite, root_keys: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.vault_inside", *arguments],
        cwd=PROJECT,
        env=suite.env | {"VAULT_ROOT_KEYS": root_keys},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _wait(seconds: float) -> dict[str, float]:
    time.sleep(seconds)
    return {"seconds": seconds}


def _rotate(suite: Suite) -> dict[str, float]:
    began = time.perf_counter()
    done = suite.manage("rotate_keys")
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stderr)
    return {"seconds": round(seconds, 2), "keys": int(done.stdout.split()[0])}


def _watch(suite: Suite, work: Callable[[], dict[str, float]]) -> dict[str, object]:
    """Do the work while visitors chat and a process reads keys; return what they saw."""
    ended = threading.Event()
    chats = Watched()
    visitors = threading.Thread(target=lambda: asyncio.run(_chat(suite, chats, ended)))
    reader = subprocess.Popen(
        [sys.executable, "-m", "bench.vault_inside", "--read-keys"],
        cwd=PROJECT,
        env=suite.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    reader.stdout.readline()
    visitors.start()
    try:
        done = work()
    finally:
        ended.set()
        visitors.join()
        read, _ = reader.communicate("stop\n", timeout=60)
    return {"work": done, "messages accepted": chats.summary(), "cold keys read": json.loads(read)}


async def _greet(suite: Suite) -> None:
    """Write one message: the first of all loads code, which is not what is measured."""
    async with Visitor(suite.url, suite.inbox_id) as visitor:
        client_id = await visitor.send("Hello")
        await visitor.frame("message.accepted", within=30, client_id=client_id)


async def _chat(suite: Suite, watched: Watched, ended: threading.Event) -> None:
    async def write() -> None:
        while not ended.is_set():
            async with Visitor(suite.url, suite.inbox_id) as visitor:
                for _ in range(3):
                    began = time.perf_counter()
                    client_id = await visitor.send("How long do I have to send something back?")
                    try:
                        await visitor.frame("message.accepted", within=10, client_id=client_id)
                    except TimeoutError as error:
                        watched.failures.append(str(error)[:200])
                        return
                    watched.take(began)
                    await asyncio.sleep(0.2)

    await asyncio.gather(*(write() for _ in range(CHATS)))


if __name__ == "__main__":
    sys.exit(main())
