"""What is being asked? Turns the newest messages into a search query."""

from collections.abc import Sequence

from apps.ai.types import Question, Turn

# A question this short ("and to Norway?") rarely stands alone; the one before it says what it is about.
STANDALONE_WORDS = 4
QUERY_LIMIT = 1000


def understand(text: str, turns: Sequence[Turn]) -> Question:
    """Return the question with the query to search by: joined with the previous one when it is short."""
    query = " ".join(text.split())
    if len(query.split()) < STANDALONE_WORDS:
        earlier = next((turn.text for turn in reversed(turns) if turn.author == "customer"), "")
        query = f"{' '.join(earlier.split())} {query}".strip()
    return Question(text=text, query=query[-QUERY_LIMIT:], has_words=any(letter.isalnum() for letter in query))
