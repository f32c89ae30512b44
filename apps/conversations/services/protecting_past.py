"""How do messages from before come under protection? Batch by batch, each committed, so that it can stop anywhere.

From before messages were kept twice, or from before redaction found what it finds today. A row says itself which
generation of the redactor has read it (``redaction``), so nothing is done twice and nothing else is remembered.
"""

from uuid import UUID

import structlog
from django.db import transaction

from apps.conversations import selectors
from apps.conversations.models import Conversation, Message
from apps.conversations.services import protecting, receiving, recording
from apps.conversations.services.protecting import Redactor
from apps.conversations.types import AuthorKind, MessageKind
from apps.privacy.types import GENERATION, TokenTable
from apps.vault.errors import KeyMissing, KeyShredded
from apps.vault.services import keys as vault_keys

logger = structlog.get_logger(__name__)

BATCH = 200
REPORT_EVERY = 1000


def protect_messages() -> int:
    """Let today's redactor read every message of the organisation in scope that it has not; return how many.

    May be stopped and repeated at any time. Conversations whose key cannot be read are logged and left as they are.
    Raises ``VaultUnavailable``.
    """
    done = reported = 0
    after: UUID | None = None
    while (conversation_id := selectors.find_unprotected(after=after)) is not None:
        count = _protect_or_leave(conversation_id)
        done += count
        if count < BATCH:
            after = conversation_id
        if done - reported >= REPORT_EVERY:
            logger.info("messages.protected", done=done, left=selectors.count_unprotected())
            reported = done
    logger.info("messages.protected", done=done, left=selectors.count_unprotected())
    return done


def read_again(*, customer_id: UUID) -> int:
    """Let the redactor read all conversations of a person again, because more is known of them now.

    Returns how many messages those were. Raises ``VaultUnavailable``.
    """
    done = 0
    for conversation_id in selectors.list_conversation_ids(customer_id=customer_id):
        with transaction.atomic():
            recording.lock_conversation(conversation_id)
            read = Message.objects.filter(conversation_id=conversation_id, kind=MessageKind.TEXT.value)
            read.filter(redaction=GENERATION).update(redaction=GENERATION - 1)
        while count := _protect_or_leave(conversation_id):
            done += count
    return done


def _protect_or_leave(conversation_id: UUID) -> int:
    """Protect the next batch of a conversation; one whose key cannot be had keeps nobody else's from protection."""
    try:
        return protect_conversation(conversation_id=conversation_id)
    except KeyShredded:
        # Nothing can be encrypted for whoever was erased; what is left of them is the erasure's to remove.
        logger.warning("messages.owner_erased", conversation_id=str(conversation_id))
    except protecting.UNREADABLE as error:
        logger.error("messages.left_as_they_are", conversation_id=str(conversation_id), error=type(error).__name__)
    return 0


@transaction.atomic
def protect_conversation(*, conversation_id: UUID) -> int:
    """Protect the next batch of one conversation; return how many messages that were.

    Raises ``ConversationNotFound``, ``VaultUnavailable`` and ``KeyShredded``.
    """
    # Asked for before the lock: whoever waits for the vault keeps nobody waiting.
    vault_keys.get_key(owner_id=selectors.get_conversation(conversation_id).customer_id)
    return protect_locked(recording.lock_conversation(conversation_id), limit=BATCH)


def protect_locked(conversation: Conversation, *, limit: int) -> int:
    """Protect up to ``limit`` messages of a locked conversation, oldest first; return how many that were."""
    rows = list(Message.objects.filter(conversation=conversation, redaction__lt=GENERATION).order_by("seq")[:limit])
    if not rows:
        return 0
    tokens = protecting.read_tokens(conversation)
    # What has been hidden in this conversation stays hidden, whoever is known by now.
    known = tokens.as_known() | protecting.find_known(conversation.customer)
    redactor = protecting.redactor_for(conversation, known=known)
    read = [row for row in rows if _read_again(row, conversation, tokens, redactor)]
    if read:
        conversation.tokens = tokens.to_json()
        _rename(conversation, read)
        conversation.save(update_fields=["tokens", "title"])
    return len(read)


def _read_again(row: Message, conversation: Conversation, tokens: TokenTable, redactor: Redactor) -> bool:
    """Make the redacted form anew; return False for a text that cannot be read now, and may be some day."""
    changed = ["customer", "redaction"]
    if row.kind == MessageKind.TEXT:
        try:
            _protect_text(row, tokens, redactor)
            changed += ["text", "original"]
        except protecting.DAMAGED as error:
            # Nobody reads it again, and what is left of it no redactor can better.
            logger.error("message.damaged", message_id=str(row.id), error=type(error).__name__)
        except KeyMissing:
            logger.error("message.left_as_it_is", message_id=str(row.id))
            return False
    row.customer_id = conversation.customer_id
    row.redaction = GENERATION
    row.save(update_fields=changed)
    return True


def _protect_text(row: Message, tokens: TokenTable, redactor: Redactor) -> None:
    if row.author_kind == AuthorKind.AI:
        # An answer is read as the AI wrote it, with its tokens: what these stand for was told apart in the question.
        written = row.text
        public = "\n".join(citation["passage"] for citation in row.citations)
        row.text = redactor.redact_answer(written, tokens, public=public)
        if row.original is None and row.text != written:
            row.original = written
    else:
        row.original = row.text if row.original is None else row.original
        row.text = redactor.redact(row.original, tokens)


def _rename(conversation: Conversation, rows: list[Message]) -> None:
    """Take the title from the first message again, now that it is redacted."""
    first = Message.objects.filter(
        conversation=conversation, author_kind=AuthorKind.CUSTOMER.value, kind=MessageKind.TEXT.value
    )
    first_id = first.order_by("seq").values_list("id", flat=True).first()
    for row in rows:
        if row.id == first_id and conversation.title:
            conversation.title = receiving.make_title(row.text)
