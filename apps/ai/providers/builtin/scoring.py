"""Which pieces of which passages answer the question? Words in common, weighted by rarity, with their surroundings.

A word of the question counts in full where a piece holds it, less where a related word stands for it, less again when
only the heading or a neighbour has it. The factors were found by trying them on questions with known answers.
"""

import math
import operator
from dataclasses import dataclass

from apps.ai.providers.builtin import segments, words
from apps.ai.providers.builtin.asking import AskedWords, Credits
from apps.ai.providers.builtin.cues import Cues, read_cues
from apps.ai.providers.builtin.segments import Unit
from apps.ai.types import DraftRequest, GroundingPassage

PASSAGES = 6  # those after the sixth have hardly ever held the answer
UNDER_HEADING = 0.75
UNDER_TITLE = 0.3
AFTER_NEIGHBOUR = 0.35
RIGHT_KIND = 0.4
OPENS_SECTION = 0.08
RANK = 1.5
SECTION_SHARE = 0.7
HEADING_OF_SECTION = 0.8
TITLE_OF_SECTION = 0.5
# What stands for a cosine where the search had no vectors: grows with the words found.
NO_COSINE, NO_COSINE_SLOPE = 0.15, 0.35


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece that can be quoted. ``own``: how much of the question it holds itself; ``score`` compares pieces."""

    unit: Unit
    order: int
    credits: Credits
    own: float
    score: float


@dataclass(frozen=True, slots=True)
class Section:
    """The pieces of one passage under one heading. ``share``: how much of the question it holds, 0 to 1."""

    passage: GroundingPassage
    heading: str
    candidates: tuple[Candidate, ...]
    share: float
    value: float


@dataclass(frozen=True, slots=True)
class Scored:
    """All sections, best first. ``evidence`` says how surely the best one's passage holds the answer, 0 to 1."""

    sections: tuple[Section, ...]
    cues: Cues
    evidence: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage cut into pieces, and the words of each text in it."""

    passage: GroundingPassage
    units: list[Unit]
    frame: str  # title and headings above the passage


def score(request: DraftRequest) -> Scored:
    """Split and score the best passages."""
    best = sorted(request.passages, key=lambda passage: -passage.score)[:PASSAGES]
    passages = [_read(passage) for passage in best]
    asked = AskedWords(request)
    found = _find(asked, passages)
    weigher = _Weigher(asked, passages, found)
    cues = read_cues(request.question)
    sections: list[Section] = []
    for passage in passages:
        sections += _score_passage(passage, found, weigher, cues, best[0].score or 1.0)
    sections.sort(key=lambda section: -section.value)
    evidence = _evidence(sections[0], sections, found, weigher, passages) if sections else 0.0
    return Scored(tuple(sections), cues, evidence)


def _read(passage: GroundingPassage) -> _Read:
    heading = passage.heading.rpartition("\u203a")[2].strip()
    units = segments.read_units(passage.text, heading)
    return _Read(passage, units, f"{passage.title} {passage.heading}")


def _find(asked: AskedWords, passages: list[_Read]) -> dict[str, Credits]:
    """Return for every text that takes part (pieces, headings, intros, titles) what of the question it holds."""
    texts = {passage.frame for passage in passages}
    for passage in passages:
        for unit in passage.units:
            texts.update((unit.text, unit.heading, unit.intro))
    tokens = {text: words.content_tokens(text) for text in texts}
    asked.learn({word for found in tokens.values() for word in found})
    return {text: asked.credits_in(found) for text, found in tokens.items()}


class _Weigher:
    """Weighs each word of the question by its rarity among the pieces; one that none holds weighs most."""

    def __init__(self, asked: AskedWords, passages: list[_Read], found: dict[str, Credits]) -> None:
        counts = [0.5] * len(asked.stems)
        total = 1
        for passage in passages:
            for text, amount in [(unit.text, 1.0) for unit in passage.units] + [(passage.frame, 0.5)]:
                total += amount == 1.0
                for index, credit in found[text].items():
                    counts[index] += credit * amount
        self._weights = [
            factor * math.log(1 + total / count) for factor, count in zip(asked.factors, counts, strict=True)
        ]
        self._total = sum(self._weights) or 1.0

    def share(self, *parts: tuple[Credits, float]) -> float:
        """Return the share of the question that the best credits of these parts make up, 0 to 1."""
        best = [0.0] * len(self._weights)
        for credits, factor in parts:
            for index, credit in credits.items():
                if credit * factor > best[index]:
                    best[index] = credit * factor
        return math.fsum(map(operator.mul, self._weights, best)) / self._total


def _score_passage(
    read: _Read, found: dict[str, Credits], weigher: _Weigher, cues: Cues, best_score: float
) -> list[Section]:
    frame = found[read.frame]
    by_heading: dict[str, list[Candidate]] = {}
    before: Unit | None = None
    for order, unit in enumerate(read.units):
        same_section = before is not None and before.heading == unit.heading
        parts = [(found[unit.text], 1.0), (frame, UNDER_TITLE)]
        parts += [(found[unit.heading], UNDER_HEADING), (found[unit.intro], UNDER_HEADING)]
        if before is not None and same_section and unit.kind == "sentence":
            parts.append((found[before.text], AFTER_NEIGHBOUR))
        share = weigher.share(*parts)
        value = share + RIGHT_KIND * cues.fit(unit.text) * min(1.0, 2 * share)
        value += 0.0 if same_section else OPENS_SECTION
        own = weigher.share((found[unit.text], 1.0))
        by_heading.setdefault(unit.heading, []).append(Candidate(unit, order, found[unit.text], own, value))
        before = unit
    sections = []
    for heading, candidates in by_heading.items():
        pieces = [(each.credits, 1.0) for each in candidates]
        share = weigher.share((frame, TITLE_OF_SECTION), (found[heading], HEADING_OF_SECTION), *pieces)
        top = max(each.score for each in candidates)
        value = top + SECTION_SHARE * share + RANK * read.passage.score / best_score
        sections.append(Section(read.passage, heading, tuple(candidates), share, value))
    return sections


def _evidence(
    best: Section, sections: list[Section], found: dict[str, Credits], weigher: _Weigher, passages: list[_Read]
) -> float:
    frame = next(read.frame for read in passages if read.passage is best.passage)
    parts = [(found[frame], 1.0)]
    for section in sections:
        if section.passage is best.passage:
            parts.append((found[section.heading], 1.0))
            parts += [(each.credits, 1.0) for each in section.candidates]
    coverage = weigher.share(*parts)
    cosines = [read.passage.dense for read in passages if read.passage.dense is not None]
    cosine = max(cosines) if cosines else NO_COSINE + NO_COSINE_SLOPE * coverage
    return max(0.0, min(1.0, (2 * cosine + coverage) / 3))
