"""Does the suite keep its promises while its parts are killed? Faults and load against real processes.

``python -m bench.drill`` starts a suite of its own with an imitated model endpoint, breaks one thing after the other
while customers write, checks what they saw against what was stored, and writes docs/drill.md. Exit status 1 if any
promise was broken. ``--only WORD`` runs the faults whose name contains the word, and writes nothing.
"""

import argparse
import asyncio
import random
import sys
import time
from datetime import UTC, datetime

from bench import faults
from bench.measuring import describe_machine
from launcher.layout import PROJECT
from tests.journeys.suite import clear_folder, running_suite
from tests.simulators.model_endpoint import running_model_endpoint

REPORT = PROJECT / "docs" / "drill.md"
SETTINGS = {"LLM_API_KEY": "", "LLM_MODEL": "sim-1", "LLM_TOTAL_SECONDS": "30"}


def main() -> int:
    """Run the faults in order, print each as it ends, write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill", description=__doc__)
    parser.add_argument("--only", default="", help="a word of the faults' names")
    parser.add_argument("--rounds", type=int, default=20, help="random kills under load")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeats the same random kills")
    options = parser.parse_args()
    chosen = [fault for fault in faults.list_faults(options.rounds) if options.only in fault.name]
    results = _run(chosen, options.seed)
    if not options.only:
        REPORT.write_text(render_report(results, seed=options.seed))
        print(f"Written: {REPORT.relative_to(PROJECT)}")
    return 1 if any(result.problems for result in results) else 0


def _run(chosen: list[faults.Fault], seed: int) -> list[faults.Result]:
    folder = PROJECT / "var" / "drill"
    clear_folder(folder)
    results = []
    with running_model_endpoint() as model:
        print("Starting a suite …", file=sys.stderr)
        with running_suite(folder, LLM_BASE_URL=model.base_url, **SETTINGS) as suite:
            for fault in chosen:
                place = faults.Place(suite, model, random.Random(seed))
                result = asyncio.run(faults.run_fault(fault, place))
                results.append(result)
                print(f"{'ok    ' if not result.problems else 'FAILED'} {fault.name}: {result.measured}", flush=True)
                for problem in result.problems:
                    print(f"         {problem}", flush=True)
    return results


def render_report(results: list[faults.Result], *, seed: int) -> str:
    """Return docs/drill.md."""
    kept = sum(not result.problems for result in results)
    lines = [
        "# Drill: what happens when parts are killed",
        "",
        "Written by `make drill`, against real processes (Daphne, Celery workers, PostgreSQL, Valkey) and an imitated",
        "model endpoint. All customers behave like the chat widget: they come back, resend and catch up. After each",
        "fault what they saw is compared with what is stored: every acknowledged message exactly once, no gap in the",
        "sequence, one answer per question.",
        "",
        f"Last run: {datetime.now(UTC):%Y-%m-%d}, {describe_machine()}; {kept} of {len(results)} promises kept "
        f"(seed {seed}).",
        "",
        "| fault | promise | measured | kept |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {result.fault.name} | {result.fault.promise} | {result.measured} | {'no' if result.problems else 'yes'} |"
        for result in results
    ]
    broken = [f"- {result.fault.name}: {problem}" for result in results for problem in result.problems]
    if broken:
        lines += ["", "## Broken promises", "", *broken]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
