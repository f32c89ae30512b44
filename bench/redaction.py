"""What does redaction cost per message, and does it grow with the text only?

``python -m bench.redaction`` needs no database. The floor is the least that any reader of a text must do in Python:
split it into words and look each up in a set; it is measured in the same run, so that a busy machine shows in both.
"""

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable

from bench.measuring import describe_machine

# About 300 characters each: with much personal data, with little, and with none.
MESSAGES = {
    "much": (
        "Hello, my name is Sara Lindqvist and I ordered two mugs last Tuesday (order 10023341). The parcel never came, "
        "although the tracking page says that a neighbour took it. Could you call me on +44 7911 123456 or write to "
        "sara.lindqvist@example.org? I live at 12 Mill Lane, Leeds LS1 4AP. Thank you!"
    ),
    "little": (
        "hi there i bought the kettle on 12/03/2026 and it stopped working after 3 days, the lamp blinks red and "
        "nothing else happens. i tried a different socket and descaled it twice as the manual says. can i "
        "send it back without the box? also the voucher code did not work at checkout, thanks, emma"
    ),
    "none": (
        "The return label you sent does not open on my phone. I get an error about the file being damaged, and when I "
        "try it on the laptop the page is blank. Could you send it once more, maybe as a picture? I would also like to "
        "know whether the refund goes back to the card I paid with. No rush at all."
    ),
    "German": (
        "Guten Tag, ich habe am 3. März eine Decke bestellt, und sie ist mit einem Loch angekommen. Bitte erstatten "
        "Sie mir den Betrag auf mein Konto DE89 3704 0044 0532 0130 00. Meine Telefonnummer ist 030 123456. "
        "Mit freundlichen Grüßen, Jürgen Müller, Hauptstraße 12, 10115 Berlin"
    ),
}
# What would make a careless pattern look at everything again for each character.
HOSTILE = ("a", "a@", "1 ", "a.", "@", "Aaa 1 ", "12 Street ", "a1 ", "my name is ", "1/1/")
LENGTHS = (4_000, 16_000, 64_000)
ROUNDS = 40


def count_cpu(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU milliseconds of one call, the median of several rounds."""
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1000)
    return statistics.median(spent)


def read_floor(text: str, words: frozenset[str]) -> int:
    """Split a text into words and look each up."""
    return sum(word.lower() in words for word in re.findall(r"\w+", text))


def main() -> None:
    """Print a table of messages and one of growth."""
    argparse.ArgumentParser(prog="python -m bench.redaction", description=__doc__).parse_args()
    from apps.privacy.pipeline import gazetteer
    from apps.privacy.services import redacting
    from apps.privacy.types import TokenTable

    print(describe_machine(), f"load {os.getloadavg()[0]:.2f}")
    started = time.process_time()
    words = gazetteer.load().words
    print(f"lists read once per process in {(time.process_time() - started) * 1000:.0f} ms")
    redacting.find_spans(MESSAGES["much"])

    print(f"\n{'message':<10}{'characters':>12}{'CPU ms':>10}{'floor ms':>10}{'ratio':>8}")
    times = []
    for name, text in MESSAGES.items():
        spent = count_cpu(lambda: redacting.redact(text, tokens=TokenTable()), ROUNDS)  # noqa: B023  used at once
        floor = count_cpu(lambda: read_floor(text, words), ROUNDS)  # noqa: B023  used at once
        times.append(spent)
        print(f"{name:<10}{len(text):>12}{spent:>10.3f}{floor:>10.4f}{spent / floor:>8.0f}")
    print(f"{'median':<22}{statistics.median(times):>10.3f}")

    print(f"\n{'made of':<16}" + "".join(f"{f'{length:,} ms':>12}" for length in LENGTHS) + f"{'growth':>9}")
    for unit in HOSTILE:
        grown = [
            count_cpu(lambda: redacting.find_spans((unit * length)[:length]), 3)  # noqa: B023  used at once
            for length in LENGTHS
        ]
        row = "".join(f"{one:>12.1f}" for one in grown)
        print(f"{unit!r:<16}{row}{grown[-1] / max(grown[0], 0.001):>9.1f}")
    print(f"linear growth from {LENGTHS[0]:,} to {LENGTHS[-1]:,} characters is {LENGTHS[-1] / LENGTHS[0]:.0f}")


if __name__ == "__main__":
    main()
