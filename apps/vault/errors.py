"""What may go wrong with keys and ciphertexts? Always a named failure, never silence and never garbage."""

from apps.core.errors import Invalid, NotFound, TooLarge, Unavailable


class VaultUnavailable(Unavailable):
    """The database of keys does not answer. Keys read within the last minute still work."""

    code = "vault.unavailable"
    default_message = "Personal data cannot be read or stored just now. Please try again in a moment."


class KeyMissing(Unavailable):
    """A ciphertext names a key that the vault does not have."""

    code = "vault.key_missing"
    retryable = False
    default_message = "This cannot be read: its key is not in the vault."


class KeyShredded(NotFound):
    """The key was destroyed, and with it everything that was encrypted under it."""

    code = "vault.key_shredded"
    default_message = "This has been erased."


class KeyNotInScope(NotFound):
    """The key belongs to another organisation than the one in scope."""

    code = "vault.key_not_in_scope"


class CiphertextTampered(Unavailable):
    """Bytes were changed, cut off, or moved here from another row, column, table or organisation."""

    code = "vault.ciphertext_tampered"
    retryable = False
    default_message = "This cannot be read: it is not what was stored here."


class CiphertextUnknown(Unavailable):
    """The bytes are in a form that this version does not know."""

    code = "vault.ciphertext_unknown"
    retryable = False
    default_message = "This cannot be read: it was stored by a newer version, or it was never encrypted."


class RootKeyUnusable(VaultUnavailable):
    """The configured root keys do not open the vault. To people it is away; ``advice`` is for whoever operates it."""

    code = "vault.root_key_unusable"

    def __init__(self, advice: str) -> None:
        super().__init__()
        self.advice = advice

    def __str__(self) -> str:
        return self.advice


class RootKeyMissing(RootKeyUnusable):
    """Keys are wrapped under a version of the root key that is not configured."""

    code = "vault.root_key_missing"


class RootKeyWrong(RootKeyUnusable):
    """A configured root key has other bytes than the one that wrapped the keys."""

    code = "vault.root_key_wrong"


class ValueTooLong(TooLarge):
    """More than an encrypted field takes."""

    code = "vault.value_too_long"


class ValueNotText(Invalid):
    """Text that cannot be written as UTF-8."""

    code = "vault.value_not_text"
    default_message = "This text has characters that cannot be stored."


class SealedMisused(TypeError):
    """Code treats an encrypted column like a plain one. A programming error, never caught."""
