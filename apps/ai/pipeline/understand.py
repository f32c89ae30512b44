"""What is being asked? Turns the newest messages into a search query."""

import re
from collections.abc import Sequence

from apps.ai.pipeline.personal import without_tokens
from apps.ai.types import Question, Turn

# A question this short ("and to Norway?") rarely stands alone; the one before it says what it is about.
STANDALONE_WORDS = 4
QUERY_LIMIT = 1000
# "My name is …", "ich heiße …": few words, the last of which couples, up to the token. They only introduce somebody,
# and articles about names and e-mail would be found.
_COUPLES = "is|are|am|i'm|ist|bin|heiße|est|suis|m'appelle|es|soy|llamo|è|sono|chiamo|é|sou|chamo|ben|heet"
_INTRODUCTION = re.compile(
    # Only where a word begins, or a very long one would be tried from each of its letters.
    rf"(?<![^\s.,;:!?\[\]])(?:[^\s.,;:!?\[\]]+[ \t]+){{0,3}}(?:{_COUPLES})[ \t]*:?[ \t]*(?=\[[A-Z])",
    re.IGNORECASE,
)


def understand(text: str, turns: Sequence[Turn]) -> Question:
    """Return the question with the query to search by: joined with the previous one when it is short.

    Tokens of personal data are left out of the query: they stand in no article.
    """
    query = _without_introductions(text)
    if len(query.split()) < STANDALONE_WORDS:
        earlier = next((turn.text for turn in reversed(turns) if turn.author == "customer"), "")
        query = f"{_without_introductions(earlier)} {query}".strip()
    return Question(text=text, query=query[-QUERY_LIMIT:], has_words=any(letter.isalnum() for letter in query))


def _without_introductions(text: str) -> str:
    # Inside a sentence they may be all that is asked: "Which address is [EMAIL_1]?"
    words = without_tokens(_INTRODUCTION.sub(" ", text)).split()
    if len(words) < STANDALONE_WORDS:
        words = without_tokens(text).split()
    return " ".join(words)
