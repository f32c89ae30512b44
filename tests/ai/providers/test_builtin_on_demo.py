"""How often does the built-in engine state the asked fact when it is given the right article of the demo?"""

import json
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from apps.ai.providers.builtin.engine import write_answer
from apps.ai.types import DraftRequest, GroundingPassage
from apps.knowledge.services.chunking import split_passages

DEMO = Path(__file__).resolve().parents[3] / "demo"


class Asked(NamedTuple):
    """A question of the demo, the articles that answer it and what the answer must say."""

    question: str
    articles: tuple[str, ...]
    facts: tuple[str, ...]


def _questions() -> list[Asked]:
    lines = [json.loads(line) for line in (DEMO / "questions.jsonl").read_text("utf-8").splitlines()]
    return [
        Asked(line["question"], tuple(line["article_ids"]), tuple(line["answer_contains"]))
        for line in lines
        if line["article_ids"]
    ]


def _passages(articles: tuple[str, ...]) -> tuple[GroundingPassage, ...]:
    found: list[GroundingPassage] = []
    for article in articles:
        _, header, body = (DEMO / "articles" / f"{article}.md").read_text("utf-8").split("---\n", 2)
        title = next(line.partition(": ")[2] for line in header.splitlines() if line.startswith("title: "))
        drafts = split_passages(
            title=title, body=body.strip(), count_tokens=lambda texts: [len(text) // 4 for text in texts]
        )
        found += [
            GroundingPassage(0, UUID(int=1), UUID(int=1), title, draft.heading, draft.text, 0.5, 0.5, 0.5)
            for draft in drafts
        ]
    return tuple(found)


def test_it_states_the_fact_for_most_questions_even_without_a_ranking() -> None:
    asked = _questions()

    missed = []
    for each in asked:
        passages = _passages(each.articles)
        answer = write_answer(DraftRequest(each.question, (), passages, "en", "Mossop & Wren", "Wick"))
        missed += [each.question] if not any(fact in "".join(answer.pieces) for fact in each.facts) else []

    assert len(asked) >= 90
    assert len(missed) <= 0.25 * len(asked), missed
