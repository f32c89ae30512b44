"""From messages to a search query."""

from apps.ai.pipeline.understand import QUERY_LIMIT, understand
from apps.ai.types import Turn


def test_a_whole_question_is_searched_as_it_is() -> None:
    question = understand("How  long is\ndelivery to Norway?", [Turn("customer", "Hi"), Turn("ai", "Hello")])

    assert question.query == "How long is delivery to Norway?"


def test_a_short_follow_up_is_joined_with_the_question_before_it() -> None:
    turns = [Turn("customer", "How long is delivery to Norway?"), Turn("ai", "Ten days [1].")]

    assert understand("and to Iceland?", turns).query == "How long is delivery to Norway? and to Iceland?"


def test_whoever_introduces_themselves_is_not_searched_for() -> None:
    text = "My name is [NAME_1], my e-mail is [EMAIL_1] and my phone is: [PHONE_1]. How long may I keep the lamp?"

    assert understand(text, []).query == ", . How long may I keep the lamp?"


def test_a_question_about_a_token_keeps_its_words() -> None:
    assert understand("whose is [EMAIL_1]?", []).query == "whose is ?"


def test_a_first_short_question_stands_alone() -> None:
    assert understand("Refunds?", []).query == "Refunds?"


def test_emoji_alone_have_no_words() -> None:
    assert not understand("👍👍", []).has_words
    assert understand("返品", []).has_words


def test_a_very_long_question_is_searched_by_its_end() -> None:
    question = understand("x " * 3000 + "the real question", [])

    assert len(question.query) == QUERY_LIMIT
    assert question.query.endswith("the real question")
