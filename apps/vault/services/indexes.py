"""How is an equal value found without being readable? By a keyed hash, with a key for each organisation."""

from apps.core import tenancy
from apps.vault.errors import ValueNotText
from apps.vault.services import keys
from apps.vault.types import Purpose


def blind_index(kind: str, canonical: str) -> bytes:
    """Return 32 bytes that are the same for the same ``kind`` and value within the organisation in scope.

    The caller has brought the value into its canonical form. Raises as ``keys.get_key``, and ``ValueNotText``.
    """
    organisation_id = tenancy.current_organisation_id()
    key = keys.get_keys(owner_ids=[organisation_id], purpose=Purpose.INDEX)[organisation_id]
    try:
        kind_bytes, value_bytes = kind.encode(), canonical.encode()
    except UnicodeEncodeError:
        # The original exception carries the value.
        raise ValueNotText from None
    # The length keeps ("ab", "c") apart from ("a", "bc").
    return key.digest(len(kind_bytes).to_bytes(2, "big") + kind_bytes + value_bytes)
