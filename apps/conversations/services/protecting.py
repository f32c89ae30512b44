"""In which two forms is a text kept? Redacted for whatever searches and thinks, and as written for those who talk.

Finding personal data takes a while, so it is done before the conversation is locked, against its tokens as they are
then. Should another message have come in between, it is done again under the lock: only there are tokens given out.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from apps.conversations.errors import ConversationNotFound
from apps.conversations.models import Conversation, Message
from apps.conversations.types import Citation
from apps.customers import selectors as customer_selectors
from apps.privacy.errors import TokenTableMalformed
from apps.privacy.services import redacting, restoring
from apps.privacy.types import REPLACED, TOKEN_PATTERN, KnownIdentities, TokenTable
from apps.vault.errors import CiphertextTampered, CiphertextUnknown, KeyMissing, KeyNotInScope, KeyShredded
from apps.vault.services import keys as vault_keys

if TYPE_CHECKING:
    from apps.customers.models import Customer

logger = structlog.get_logger(__name__)

# Bytes that nobody will ever read, whatever one waits for.
DAMAGED = (CiphertextTampered, CiphertextUnknown, KeyNotInScope)
# The same, and those whose key comes back with the right vault: until then nothing may be written over them.
UNREADABLE = (*DAMAGED, KeyMissing)

_REGION = re.compile(r"[-_]([A-Z]{2})\b")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text in both its forms, ready to be recorded in the conversation as it was when it had ``known_tokens`` tokens.

    ``original`` is None for an answer that would read the same.
    """

    last_seq: int
    known_tokens: int
    text: str = field(repr=False)
    original: str | None = field(repr=False)
    tokens: TokenTable = field(repr=False)
    again: "Callable[[Conversation], Prepared]" = field(repr=False)

    @property
    def has_new_tokens(self) -> bool:
        """Whether the text brought values that had no token yet."""
        return len(self.tokens) > self.known_tokens


@dataclass(frozen=True, slots=True)
class Redactor:
    """How the texts of one conversation are read: with what is known of the customer, and whose words are spared."""

    known: KnownIdentities = field(repr=False)
    region: str | None
    spared: tuple[str, ...]
    own_words: tuple[str, ...]

    def redact(self, text: str, tokens: TokenTable) -> str:
        """Return what a person wrote with tokens in place of personal data; ``tokens`` gains the new ones."""
        found = redacting.redact(
            text, tokens=tokens, known=self.known, region=self.region, spared=self.spared, own_words=self.own_words
        )
        return found.text

    def redact_answer(self, text: str, tokens: TokenTable, *, public: str) -> str:
        """Return the text redacted but for the tokens in it and for what stands, word for word, in ``public``."""
        return "".join(part if is_kept else self.redact(part, tokens) for is_kept, part in self._cut(text, public))

    def _cut(self, text: str, public: str) -> Iterator[tuple[bool, str]]:
        """Yield the parts of an answer in order, and whether each stays as it is."""
        position = 0
        for match in TOKEN_PATTERN.finditer(text):
            yield from self._cut_public(text[position : match.start()], public)
            yield True, match[0]
            position = match.end()
        yield from self._cut_public(text[position:], public)

    def _cut_public(self, text: str, public: str) -> Iterator[tuple[bool, str]]:
        position = 0
        spans = redacting.find_spans(text, region=self.region, spared=self.spared, own_words=self.own_words)
        for span in spans:
            if span.kind in REPLACED and _stands_in(public, text[span.start : span.end]):
                yield False, text[position : span.start]
                yield True, text[span.start : span.end]
                position = span.end
        yield False, text[position:]


def _stands_in(public: str, value: str) -> bool:
    """Say whether a public text has a value in it, and not just as a part of another word or number."""
    position = public.find(value)
    while position >= 0:
        end = position + len(value)
        if not public[max(0, position - 1) : position].isalnum() and not public[end : end + 1].isalnum():
            return True
        position = public.find(value, position + 1)
    return False


def prepare_message(*, conversation_id: UUID, text: str) -> Prepared:
    """Prepare what a person wrote. Takes no lock.

    Raises ``ConversationNotFound``, ``VaultUnavailable``, and ``KeyShredded`` for a customer who was erased.
    """
    conversation = _read(conversation_id)
    redactor = redactor_for(conversation, known=find_known(conversation.customer))

    def prepare(current: Conversation) -> Prepared:
        tokens = read_tokens(current)
        count = len(tokens)
        redacted = redactor.redact(text, tokens)
        return Prepared(current.last_seq, count, redacted, text, tokens, prepare)

    return prepare(conversation)


def prepare_answer(*, conversation_id: UUID, text: str, citations: Iterable[Citation]) -> Prepared:
    """Prepare what the AI wrote, with the conversation's tokens where it means personal data. Takes no lock.

    What the cited passages say is public and stays. Raises as ``prepare_message``.
    """
    conversation = _read(conversation_id)
    redactor = redactor_for(conversation)
    public = "\n".join(citation.passage for citation in citations)

    def prepare(current: Conversation) -> Prepared:
        tokens = read_tokens(current)
        count = len(tokens)
        redacted = redactor.redact_answer(text, tokens, public=public)
        restored = restoring.restore(redacted, tokens)
        original = None if restored == redacted else restored
        return Prepared(current.last_seq, count, redacted, original, tokens, prepare)

    return prepare(conversation)


def settle(conversation: Conversation, prepared: Prepared) -> Prepared:
    """Return ``prepared`` as it fits the locked conversation; this gets the new ``tokens``, which the caller saves."""
    # Another message may have come in between, or tokens without one: a newer redactor has read the old messages.
    if prepared.last_seq != conversation.last_seq or (
        prepared.has_new_tokens and len(read_tokens(conversation)) != prepared.known_tokens
    ):
        prepared = prepared.again(conversation)
    if prepared.has_new_tokens:
        conversation.tokens = prepared.tokens.to_json()
    return prepared


def read_tokens(conversation: Conversation) -> TokenTable:
    """Return the conversation's tokens.

    Should they be damaged, no token in its texts may ever stand for something else: each is taken for itself. Raises
    ``VaultUnavailable``, ``KeyShredded``, and ``KeyMissing``, with another vault they may be whole.
    """
    try:
        return TokenTable.from_json(conversation.tokens)
    except (*DAMAGED, TokenTableMalformed) as error:
        logger.error("conversation.tokens_damaged", conversation_id=str(conversation.id), error=type(error).__name__)
    texts = Message.objects.filter(conversation=conversation, text__contains="[").values_list("text", flat=True)
    taken = dict.fromkeys(match[0] for text in texts.iterator() for match in TOKEN_PATTERN.finditer(text))
    rows = [[token[1:-1].rpartition("_")[0], f"lost {token}", token, token] for token in taken]
    return TokenTable.from_json({"version": 1, "values": rows})


def _read(conversation_id: UUID) -> Conversation:
    conversation = Conversation.objects.select_related("customer", "organisation").filter(id=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    # Whoever waits for the vault waits here, not while others wait for the conversation.
    vault_keys.get_key(owner_id=conversation.customer_id)
    return conversation


def find_known(customer: "Customer") -> KnownIdentities:
    """Return what redaction should look for in this customer's conversations. Raises ``VaultUnavailable``."""
    try:
        return customer_selectors.find_known_identities(customer)
    except (*UNREADABLE, KeyShredded) as error:
        # One row that cannot be read, perhaps of another customer they are merged with, keeps nobody from writing.
        logger.error("customer.identities_unreadable", customer_id=str(customer.id), error=type(error).__name__)
        return KnownIdentities()


def redactor_for(conversation: Conversation, *, known: KnownIdentities | None = None) -> Redactor:
    """Return the redactor of a conversation. The organisation's own names are nobody's secret."""
    organisation = conversation.organisation
    # Where numbers without a country code are dialled, if the locale says so.
    region = _REGION.search(organisation.locale)
    return Redactor(
        known=KnownIdentities() if known is None else known,
        region=None if region is None else region[1],
        spared=(organisation.name, organisation.assistant_name),
        own_words=organisation.list_own_words(),
    )
