"""Articles and files for tests of the knowledge base."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.knowledge.services import documents
from apps.knowledge.types import Audience

DELIVERY = "Parcels inside the country arrive within two working days. Parcels to the islands take six working days."
REFUNDS = "You may return anything within thirty days. The refund reaches your bank account within a week."
WARRANTY = "Our folding bicycles have a warranty of five years. Worn brake pads and tyres are not covered."


def save_article(external_id: str, title: str, body: str, **fields: Any) -> UUID:
    """Save an article of the organisation in scope into the source "Help"."""
    return documents.save_document(source_name="Help", external_id=external_id, title=title, body=body, **fields)


def save_articles() -> dict[str, UUID]:
    """Save three articles and return their ids."""
    return {
        "delivery": save_article("delivery", "Delivery times", DELIVERY),
        "refunds": save_article("refunds", "Returns and refunds", REFUNDS),
        "warranty": save_article("warranty", "Warranty", WARRANTY),
    }


def save_internal(external_id: str, title: str, body: str) -> UUID:
    """Save an article that customers may not read."""
    return save_article(external_id, title, body, audience=Audience.INTERNAL)


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows to ``path`` and return it."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_rows(count: int) -> list[dict[str, Any]]:
    """Return rows with different words."""
    return [
        {"id": f"a{number}", "title": f"Article {number}", "text": f"Locker number {number} opens with code {number}."}
        for number in range(count)
    ]
