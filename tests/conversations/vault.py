"""A vault that is away, that has forgotten somebody, and ciphertexts that somebody has touched."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections

from apps.conversations.models import Conversation, Message
from apps.vault import selectors
from apps.vault.models import DataKey
from apps.vault.services import caching, keys


@contextmanager
def away() -> Iterator[None]:
    """Let the vault be away inside the block, with no key at hand."""
    caching.cache.clear()
    with pytest.MonkeyPatch.context() as patch:
        # What the vault remembers after it has not answered.
        patch.setattr(selectors, "_closed_until", math.inf)
        yield


@contextmanager
def unplugged() -> Iterator[None]:
    """Let nobody answer where the vault's database was, inside the block. For tests that commit."""
    keyvault = connections[selectors.DATABASE]
    place = keyvault.settings_dict["HOST"]
    keyvault.close()
    keyvault.close_pool()  # type: ignore[attr-defined]
    caching.cache.clear()
    keyvault.settings_dict["HOST"] = "/nowhere"
    try:
        yield
    finally:
        keyvault.close()
        keyvault.close_pool()  # type: ignore[attr-defined]
        keyvault.settings_dict["HOST"] = place
        selectors._closed_until = 0.0


def erase(conversation: Conversation) -> None:
    """Destroy the key of the conversation's customer."""
    keys.shred_keys(owner_ids=[conversation.customer_id])


def lose_key(conversation: Conversation) -> None:
    """Let the vault be one that never had the key of the conversation's customer."""
    DataKey.objects.using(selectors.DATABASE).filter(owner_id=conversation.customer_id).delete()
    caching.cache.clear()


def damage(message: Message) -> None:
    """Change the last byte of what is stored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET original = set_byte(original, length(original) - 1,"
            " (get_byte(original, length(original) - 1) + 1) %% 256) WHERE id = %s",
            [message.id],
        )


def overwrite(message: Message, stored: bytes) -> None:
    """Put other bytes in the ciphertext's place."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_message SET original = %s WHERE id = %s", [stored, message.id])


def swap(first: Message, second: Message) -> None:
    """Put the ciphertext of one message into another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message one SET original = other.original FROM conversations_message other"
            " WHERE one.id = %s AND other.id = %s",
            [first.id, second.id],
        )


def damage_tokens(conversation: Conversation, *, stored: bytes = b"\x07 nothing we know") -> None:
    """Put something else in place of the conversation's tokens."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_conversation SET tokens = %s WHERE id = %s", [stored, conversation.id])
