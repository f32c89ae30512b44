"""How do the apps cooperate? The one table of events and who reacts, and of ports and what fills them.

``jobs`` are written in the publisher's transaction and survive a crash; ``listeners`` run after commit and may be
lost, so they only tell screens.
"""

from apps.accounts import selectors as account_selectors
from apps.conversations import events as conversations
from apps.conversations import subscribers as conversation_screens
from apps.core import eventbus
from apps.customers import events as customers
from apps.customers import selectors as customer_selectors
from apps.desk import subscribers as desk_screens
from apps.knowledge import events as knowledge
from apps.vault.services import sweeping as vault_sweeping


def connect() -> None:
    """Fill the table. Called once, when all apps are loaded."""
    eventbus.connect(
        conversations.MessageStored,
        listeners=[conversation_screens.push_message, desk_screens.push_summary],
    )
    eventbus.connect(conversations.AnswerWanted, jobs=["ai.answer_conversation"])
    eventbus.connect(
        customers.CustomerIdentified,
        listeners=[desk_screens.push_identity],
        jobs=["conversations.read_again"],
    )
    eventbus.connect(customers.ClaimWithdrawn, listeners=[desk_screens.push_withdrawal])
    eventbus.connect(customers.CustomersMerged, listeners=[desk_screens.push_merge])
    eventbus.connect(customers.MergeUndone, listeners=[desk_screens.push_undo])
    eventbus.connect(knowledge.KnowledgeChanged)
    vault_sweeping.use_owners(customer_selectors.list_known_ids, account_selectors.list_known_ids)
