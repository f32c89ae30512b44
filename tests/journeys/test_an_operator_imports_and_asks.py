"""What an operator imports on the command line is what the AI answers from, in the chat and on the command line."""

import json
from pathlib import Path

from tests.journeys.marks import JOURNEY
from tests.journeys.suite import Suite
from tests.journeys.visitor import Visitor

pytestmark = JOURNEY

ARTICLE = {
    "id": "glow-worm-lease",
    "title": "Leasing glow-worms",
    "text": "Glow-worms can be leased for eleven nights. The deposit for a jar of glow-worms is 37 pounds.",
}


def test_ask_prints_answer_citations_confidence_and_stages(suite: Suite) -> None:
    done = suite.manage("ask", "--org", "demo", "How long do I have to return something I don't want?", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert {"answer", "citations", "confidence", "stage_ms", "conversation_id"} <= set(printed)
    assert set(printed["citations"][0]) == {"n", "document_id", "title", "passage"}
    assert "45 days" in " ".join(citation["passage"] for citation in printed["citations"])
    assert 0 < printed["confidence"] <= 1
    assert {"understand", "encode", "search", "draft", "total"} <= set(printed["stage_ms"])


def test_ask_refuses_an_unknown_organisation_in_one_line(suite: Suite) -> None:
    done = suite.manage("ask", "--org", "nobody", "How long is delivery?")

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


async def test_an_imported_article_is_used_in_the_next_answer(suite: Suite, vera: Visitor, tmp_path: Path) -> None:
    question = "What is the deposit for a jar of glow-worms?"
    async with vera:
        await vera.send(question)
        before = await vera.answer()
        rows = tmp_path / "articles.jsonl"
        rows.write_text(json.dumps(ARTICLE) + "\n" + "this is no row\n")

        done = suite.manage("import_knowledge", "--org", "demo", str(rows))
        await vera.send(question)
        after = await vera.answer(number=2)

    assert done.returncode == 0, done.stderr
    assert "1 added" in done.stdout
    assert "1 bad" in done.stdout
    assert "2" in done.stderr.splitlines()[-1]
    assert "37 pounds" not in before["text"]
    assert "37 pounds" in after["citations"][0]["passage"]
