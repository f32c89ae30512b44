"""May two customers be taken for one person without asking anybody?"""

import enum
from dataclasses import dataclass

from apps.customers.types import Level


class Verdict(enum.StrEnum):
    """What follows from two customers having an equal identity."""

    JOIN = "join"
    SUGGEST = "suggest"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Likeness:
    """An identity that two families share, and what speaks for and against their being one person.

    ``externals`` are the blind indexes of each family's verified external ids. ``parted_by`` is the evidence of
    merges undone and suggestions dismissed between the two.
    """

    evidence: bytes
    levels: tuple[Level, Level]
    externals: tuple[frozenset[bytes], frozenset[bytes]]
    parted_by: frozenset[bytes] = frozenset()


def judge_likeness(likeness: Likeness) -> Verdict:
    """Join only on equal, verified identities without contradiction; ask people about everything else, and once."""
    if likeness.evidence in likeness.parted_by:
        return Verdict.NOTHING
    are_verified = likeness.levels == (Level.VERIFIED, Level.VERIFIED)
    if are_verified and not likeness.parted_by and can_be_one_person(*likeness.externals):
        return Verdict.JOIN
    return Verdict.SUGGEST


def can_be_one_person(first: frozenset[bytes], second: frozenset[bytes]) -> bool:
    """Tell whether joining brings no two external ids together that nobody has put together before."""
    return first <= second or second <= first
