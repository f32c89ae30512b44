"""How fast are the encoders that need no network? Questions one at a time, passages in bulk.

``python -m bench.encoder`` builds the bundled encoder in a folder of its own and needs no database.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring import describe_machine

if TYPE_CHECKING:
    from apps.knowledge.types import Encoder

PASSAGE_WORDS = (20, 128, 240)
ROUNDS = 3


def make_text(words: list[str], count: int, seed: int) -> str:
    """Return ``count`` words, the common ones often, in sentences of twelve."""
    chosen = random.Random(seed)
    picked = [words[min(int(chosen.paretovariate(0.6)), len(words) - 1)] for _ in range(count)]
    sentences = [" ".join(picked[start : start + 12]) for start in range(0, count, 12)]
    return ". ".join(sentences) + "."


def find_words(folder: Path) -> list[str]:
    """Return words that the bundled encoder's tokeniser knows whole, so that a word is a token."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(next(folder.glob("*/tokenizer.json"))))
    known = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [word for word, _ in known if word.isascii() and word.isalpha() and len(word) > 1]


def best_of(measure: Callable[[], object]) -> float:
    """Return the shortest of three runs, in seconds: the others were disturbed."""
    durations = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        measure()
        durations.append(time.perf_counter() - started)
    return min(durations)


def main() -> None:
    """Print a table."""
    argparse.ArgumentParser(prog="python -m bench.encoder", description=__doc__).parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from apps.knowledge.providers.minilm import MiniLmEncoder
    from apps.knowledge.providers.wordllama import WordLlamaEncoder
    from apps.knowledge.services import building

    print(describe_machine(), f"load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        building.build_encoder(folder=Path(folder), progress=lambda _line: None)
        words = find_words(Path(folder))
        encoders: dict[str, Encoder] = {"minilm": MiniLmEncoder(Path(folder)), "wordllama": WordLlamaEncoder()}
        print(f"{'encoder':<12}{'question ms':>12}" + "".join(f"{f'{size} tokens/s':>16}" for size in PASSAGE_WORDS))
        for name, encoder in encoders.items():
            question = make_text(words, 10, seed=1)
            times = [best_of(lambda: encoder.encode_query(question)) for _ in range(50)]  # noqa: B023  used at once
            speeds = []
            for size in PASSAGE_WORDS:
                texts = [make_text(words, size, seed) for seed in range(2_000 // size * 8)]
                speeds.append(len(texts) / best_of(lambda: encoder.encode_passages(texts)))  # noqa: B023
            print(
                f"{name:<12}{statistics.median(times) * 1000:>12.3f}" + "".join(f"{speed:>16.1f}" for speed in speeds)
            )


if __name__ == "__main__":
    main()
