"""How are figures summed up, and on which machine were they taken?"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The usual three, by nearest rank."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Percentiles":
        ordered = sorted(values)
        ranks = [ordered[max(0, -(-len(ordered) * share // 100) - 1)] for share in (50, 95, 99)]
        return cls(*ranks)


def describe_machine() -> str:
    """Return cores, processor, memory, system and Python in one line."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), processor)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores ({processor}), {memory:.0f} GiB, {system}, Python {platform.python_version()}"
