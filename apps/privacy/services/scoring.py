"""How well do found spans agree with judged ones? Precision, recall and F by the overlap of both (IoU)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.privacy.types import Kind, Span

# A stretch of a text with a type: what a judge marked, or what was found, in the judge's words.
Marked = tuple[int, int, str]

_PLACE_KINDS: Final = (Kind.ADDRESS, Kind.POSTCODE, Kind.PLACE)
# The words of judged files, and the kinds that answer to them. Kinds that a file has no word for are not counted.
LABELS: Final[dict[str, tuple[str, tuple[Kind, ...]]]] = {
    "PERSON": ("PERSON", (Kind.NAME,)),
    "person": ("PERSON", (Kind.NAME,)),
    "per": ("PERSON", (Kind.NAME,)),
    "EMAIL": ("EMAIL", (Kind.EMAIL,)),
    "EMAIL_ADDRESS": ("EMAIL", (Kind.EMAIL,)),
    "PHONE": ("PHONE", (Kind.PHONE,)),
    "PHONE_NUMBER": ("PHONE", (Kind.PHONE,)),
    "SSN": ("SSN", (Kind.NATIONAL_ID,)),
    "US_SSN": ("SSN", (Kind.NATIONAL_ID,)),
    "CREDIT_CARD": ("CREDIT_CARD", (Kind.CARD,)),
    "IBAN_CODE": ("BANK", (Kind.BANK,)),
    "IP_ADDRESS": ("IP", (Kind.IP,)),
    "DOMAIN_NAME": ("URL", (Kind.URL,)),
    "DATE_TIME": ("DATE", (Kind.DATE, Kind.BIRTH_DATE)),
    "AGE": ("AGE", (Kind.AGE,)),
    "TITLE": ("TITLE", (Kind.TITLE,)),
    "NRP": ("GROUP", (Kind.GROUP,)),
    "LOCATION": ("LOCATION", _PLACE_KINDS),
    "location": ("LOCATION", _PLACE_KINDS),
    "loc": ("LOCATION", _PLACE_KINDS),
    "GPE": ("LOCATION", _PLACE_KINDS),
    "STREET_ADDRESS": ("LOCATION", _PLACE_KINDS),
    "ZIP_CODE": ("LOCATION", _PLACE_KINDS),
    "ORGANIZATION": ("ORGANISATION", (Kind.ORGANISATION,)),
    "corporation": ("ORGANISATION", (Kind.ORGANISATION,)),
    "group": ("ORGANISATION", (Kind.ORGANISATION,)),
    "org": ("ORGANISATION", (Kind.ORGANISATION,)),
    "NPI": ("NPI", ()),
    "MRN": ("MRN", ()),
}
_TWEETS: Final = "per"
# Told apart by the scheme, since both are numbers of health care.
_SCHEMES: Final = {"npi": "NPI", "us_npi": "NPI", "mrn": "MRN"}
_GAP: Final = re.compile(r"[\s,.;:?>|()-]{0,8}\Z")


@dataclass(slots=True)
class Counts:
    """How many were marked, found, and found rightly."""

    marked: int = 0
    found: int = 0
    right: int = 0

    def measure(self) -> dict[str, float]:
        """Return the metrics, fractions of 1, with the number of marked stretches."""
        precision = self.right / self.found if self.found else 0.0
        recall = self.right / self.marked if self.marked else 0.0
        return {
            "precision": precision,
            "recall": recall,
            "f1": combine(precision, recall, 1),
            "f2": combine(precision, recall, 2),
            "count": self.marked,
        }


@dataclass(slots=True)
class Tally:
    """Counts over many texts: of each type, of each category, and of all."""

    types: dict[str, Counts] = field(default_factory=dict)
    categories: dict[str, Counts] = field(default_factory=dict)
    all: Counts = field(default_factory=Counts)

    def add(self, marked: Sequence[Marked], found: Sequence[Marked], *, category: str, iou: float) -> None:
        """Count one text."""
        pairs = Counter(kind for _, _, kind in match(marked, found, iou=iou))
        groups = [self.all] if not category else [self.all, self.categories.setdefault(category, Counts())]
        for kind in {kind for _, _, kind in (*marked, *found)}:
            for counts in (*groups, self.types.setdefault(kind, Counts())):
                counts.marked += sum(one == kind for _, _, one in marked)
                counts.found += sum(one == kind for _, _, one in found)
                counts.right += pairs[kind]


def combine(precision: float, recall: float, beta: float) -> float:
    """Return the F measure in which recall weighs ``beta`` times as much as precision."""
    weight = beta * beta
    below = weight * precision + recall
    return (1 + weight) * precision * recall / below if below else 0.0


def match(marked: Iterable[Marked], found: Sequence[Marked], *, iou: float) -> list[Marked]:
    """Return the marked stretches that a found one of the same type covers well enough, each found one used once."""
    candidates = [
        (overlap, one, other)
        for one in marked
        for other in found
        if one[2] == other[2] and (overlap := _overlap(one, other)) >= iou
    ]
    used: set[Marked] = set()
    taken: set[Marked] = set()
    for _, one, other in sorted(candidates, reverse=True):
        if one not in taken and other not in used:
            taken.add(one)
            used.add(other)
    return list(taken)


def read_marked(spans: Iterable[Mapping[str, object]], text: str, known: set[str]) -> list[Marked]:
    """Return a judge's spans in our words.

    Left out is what has neither letter nor digit, and in tweets handles ("@ana"): judges marked some as persons.
    """
    marked = []
    for span in spans:
        start, end, label = int(str(span["start"])), int(str(span["end"])), str(span["label"])
        if label not in known or not any(char.isalnum() for char in text[start:end]):
            continue
        if label != _TWEETS or not _is_handle(text, start):
            marked.append((start, end, LABELS[label][0]))
    return sorted(set(marked))


def _is_handle(text: str, start: int) -> bool:
    return text[start] == "@" or text[max(0, start - 2) : start].rstrip().endswith("@")


def read_found(spans: Iterable[Span], labels: set[str]) -> list[Marked]:
    """Return found spans in the words of a file that uses these labels."""
    names = {kind: LABELS[label][0] for label in labels if label in LABELS for kind in LABELS[label][1]}
    groups = {LABELS[label][0] for label in labels if label in LABELS}
    found = []
    for span in spans:
        name = _SCHEMES.get(span.scheme, "") if span.kind is Kind.HEALTH_ID else names.get(span.kind, "")
        if name in groups:
            found.append((span.start, span.end, name))
    return found


def merge(stretches: Iterable[Marked], text: str) -> list[Marked]:
    """Join neighbours of one type that only signs and spaces part, as lines of one address."""
    merged: list[Marked] = []
    for start, end, kind in sorted(stretches):
        if merged and merged[-1][2] == kind and _GAP.match(text[merged[-1][1] : start]):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), kind)
        else:
            merged.append((start, end, kind))
    return merged


def _overlap(one: Marked, other: Marked) -> float:
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (max(one[1], other[1]) - min(one[0], other[0])) if both > 0 else 0.0
