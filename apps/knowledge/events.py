"""What does the knowledge base announce?"""

from dataclasses import dataclass

from apps.core.eventbus import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeChanged(Event):
    """What answers may rest on is no longer what it was; ``epoch`` is the number of the new state."""

    epoch: int
