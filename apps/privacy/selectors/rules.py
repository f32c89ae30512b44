"""Why is something stored, and until when? The purposes and retention rules that declarations name by their keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from apps.core.datamap import Category, Purpose, Retention


@dataclass(frozen=True, slots=True)
class PurposeRule:
    """One processing activity as a record of processing describes it. ``basis`` proposes; the organisation decides."""

    title: str
    description: str
    persons: str
    readers: str
    basis: str


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Until when something is stored. ``seconds`` where time alone decides; ``ends_by`` says what makes sure of it."""

    until: str
    ends_by: str
    seconds: int | None = None


CATEGORIES: Final[Mapping[Category, str]] = MappingProxyType(
    {
        Category.IDENTITY: "who a person is: names, numbers, and what finds them",
        Category.CONTACT: "how a person can be reached",
        Category.CONTENT: "what a person wrote, or was told",
        Category.DERIVED: "what was computed from content",
        Category.REFERENCE: "a random name that we gave a person; it tells nothing by itself",
        Category.ACTIVITY: "when and how a person was here",
        Category.STAFF: "about people who work for an organisation",
        Category.SECRET: "what proves or opens something",
        Category.TECHNICAL: "what the machine needs; about nobody but through its row",
        Category.NONE: "what an organisation says of itself; about nobody",
    }
)

PURPOSES: Final[Mapping[Purpose, PurposeRule]] = MappingProxyType(
    {
        Purpose.SERVICE: PurposeRule(
            "Answering customers",
            "Receiving what customers write, answering it by the AI or by people, and keeping the conversation so that"
            " it can be continued and looked up.",
            "Customers, and persons they write about; the agents who answer.",
            "The customer; agents and administrators of the organisation; programs with its API keys.",
            "Contract or steps before one (Art. 6(1)(b)), else legitimate interest in answering (Art. 6(1)(f)).",
        ),
        Purpose.RECOGNITION: PurposeRule(
            "Recognising customers",
            "Knowing that somebody has written before, also by another channel, so that the answer fits and nobody has"
            " to begin anew. Only verified identities join by themselves.",
            "Customers.",
            "Agents and administrators of the organisation.",
            "Legitimate interest in a coherent service (Art. 6(1)(f)); for signed-in visitors the contract (b).",
        ),
        Purpose.KNOWLEDGE: PurposeRule(
            "Keeping the knowledge base",
            "Storing and searching the organisation's own documents, on which answers rest.",
            "Nobody by intention. Documents name a person only where the organisation has written so.",
            "Authors of the organisation; its public articles everybody who asks.",
            "No personal data by intention; documents that name people need a basis of their own.",
        ),
        Purpose.STAFF: PurposeRule(
            "Letting staff work",
            "Signing people in, giving them roles, showing them the desk, and noting who did what to settings.",
            "Members of organisations and operators of the deployment.",
            "Colleagues see names; operators of the deployment see the rest in the admin.",
            "The employment relation, or legitimate interest in secure access (Art. 6(1)(b) or (f)).",
        ),
        Purpose.PROTECTION: PurposeRule(
            "Protecting personal data",
            "Keeping the keys under which personal data is encrypted, and destroying them when it must go.",
            "Customers, by their random ids alone.",
            "Nobody. Programs use keys; people see counts.",
            "Legal duty to protect and to erase (Art. 6(1)(c) with Art. 17, 25 and 32).",
        ),
        Purpose.OPERATION: PurposeRule(
            "Running the suite",
            "Queues, caches, logs, backups and settings that keep the service available and let faults be found.",
            "Customers and staff, by ids and times alone.",
            "Operators of the deployment.",
            "Legitimate interest in a working and secure service (Art. 6(1)(f) with Art. 32).",
        ),
    }
)

RETENTION: Final[Mapping[Retention, RetentionRule]] = MappingProxyType(
    {
        Retention.SUBJECT: RetentionRule(
            "the customer is erased",
            "Erasing the customer. No period ends it by itself yet; the organisation has to set and apply one.",
        ),
        Retention.CONVERSATION: RetentionRule(
            "the conversation goes, at the latest with its customer",
            "Erasing the customer. No period ends it by itself yet; the organisation has to set and apply one.",
        ),
        Retention.KEY: RetentionRule(
            "nothing is encrypted under the key any more",
            "Shredding, and the sweep of unused keys; the row stays without its key, as proof that it is gone.",
        ),
        Retention.KNOWLEDGE: RetentionRule(
            "the organisation removes the document",
            "A new import of the source, or an operator.",
        ),
        Retention.ORGANISATION: RetentionRule(
            "the organisation ends its contract",
            "The operator of the deployment.",
        ),
        Retention.MEMBER: RetentionRule(
            "the member stops working for the organisation",
            "An administrator, who deactivates the membership and removes the account.",
        ),
        Retention.STAFF_SESSION: RetentionRule(
            "the member signs out, at the latest after 12 hours",
            "The session's expiry, after which it admits nobody; `clearsessions` removes the row.",
            seconds=12 * 3600,
        ),
        Retention.ADMIN_LOG: RetentionRule(
            "the organisation's rules on accountability allow its removal",
            "The operator of the deployment. No period ends it by itself.",
        ),
        Retention.JOB: RetentionRule(
            "the work is done",
            "The worker, which deletes the row; work that was given up stays until an operator has looked at it.",
        ),
        Retention.MINUTES: RetentionRule(
            "some minutes have passed",
            "Expiry in the server that holds it, or delivery.",
            seconds=3600,
        ),
        Retention.BROWSER: RetentionRule(
            "the person clears it, or it has served its turn",
            "The browser's owner; what was sent is removed by our scripts.",
        ),
        Retention.LOGS: RetentionRule(
            "the log is 30 days old",
            "Whoever collects the standard output; the suite itself removes no logs.",
            seconds=30 * 86400,
        ),
        Retention.BACKUPS: RetentionRule(
            "the backup is older than the deployment keeps backups",
            "The operator's schedule. What is encrypted in it opens only as long as copies of keys are kept.",
        ),
        Retention.KEY_BACKUPS: RetentionRule(
            "the backup is 14 days old",
            "The keeper of the embedded servers (`launcher/backups.py`); elsewhere the operator's schedule.",
            seconds=14 * 86400,
        ),
        Retention.INSTALLATION: RetentionRule(
            "the suite is removed",
            "The operator. Written by the suite itself, the same in every installation.",
        ),
    }
)
