"""In which words is spoken of people?"""

from datetime import UTC, datetime

import pytest

from apps.core.ids import uuid7
from apps.customers.types import Level, Reason
from apps.desk.templatetags import desk_people
from apps.desk.types import Disagreement, Person, Said, SuggestedMerge

SOMEBODY = Person(id=uuid7(), reference="Visitor 7KQ2M", name="", since=datetime(2026, 3, 2, tzinfo=UTC))


def suggestion(level: Level | None, *sources: str, reason: Reason = Reason.SAME_EMAIL) -> SuggestedMerge:
    return SuggestedMerge(uuid7(), uuid7(), SOMEBODY, reason, "", level, sources)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (suggestion(Level.CLAIMED, "visitor"), "Same e-mail address, said by the visitor, not verified"),
        (
            suggestion(Level.CLAIMED, "visitor", "agent"),
            "Same e-mail address, said by the visitor and an agent, not verified",
        ),
        (
            suggestion(Level.OBSERVED, "sms", reason=Reason.SAME_PHONE),
            "Same telephone number, from a text message, not verified",
        ),
        (suggestion(Level.VERIFIED, "visitor_token"), "Same e-mail address, verified of this customer"),
        (suggestion(None, reason=Reason.SAME_EXTERNAL_ID), "Same customer id"),
    ],
)
def test_a_suggestion_gives_its_reason(given: SuggestedMerge, words: str) -> None:
    assert desk_people.suggestion_words(given) == words


@pytest.mark.parametrize(
    ("key", "count", "words"),
    [
        ("name", 2, "Two names"),
        ("external_id", 3, "Three customer ids"),
        ("name", 13, "13 names"),
        ("shoe.size", 2, "Two values of shoe, size"),
    ],
)
def test_a_disagreement_is_counted(key: str, count: int, words: str) -> None:
    said = tuple(Said(str(number), ("agent",)) for number in range(count))

    assert desk_people.disagreement_words(Disagreement(key, said)) == words


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ((), ""),
        (("visitor_token",), "your website"),
        (("agent", "crm_sync"), "an agent and crm sync"),
        (("agent", "email", "sms"), "an agent, an e-mail and a text message"),
    ],
)
def test_sources_are_named_in_a_row(sources: tuple[str, ...], words: str) -> None:
    assert desk_people.source_words(sources) == words


@pytest.mark.parametrize("level", list(Level))
def test_every_level_has_a_word_and_a_meaning(level: Level) -> None:
    assert desk_people.level_word(level).lower() == level.name.lower()
    assert desk_people.level_meaning(level).endswith(".")
