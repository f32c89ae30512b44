"""Identifiers."""

import time

from apps.core.ids import uuid7


def test_ids_are_version_7_of_the_rfc_variant() -> None:
    made = uuid7()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_ids_carry_the_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000

    made = uuid7()

    # The counter may have run a little ahead in a busy process.
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 50


def test_ids_grow_even_within_one_tick() -> None:
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
