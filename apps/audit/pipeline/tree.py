"""How is a growing log hashed, so that a short proof shows what is in it and that nothing was ever changed?

A Merkle tree over the log's leaves as in RFC 6962, part 2.1 (and RFC 9162, part 2.1, which has the algorithms of the
verifiers). Leaves and inner nodes are hashed apart, so that neither can be passed off as the other. All hashes are
SHA-256, 32 bytes. Pure: nothing here reads or stores.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.audit.errors import ProofInvalid

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
# The tree has fewer leaves than this; larger numbers in a proof are somebody's attempt.
MOST_LEAVES: Final = 1 << 63

# Returns the hash of the complete subtree of 2**level leaves that is the index-th of its level.
ReadNode = Callable[[int, int], bytes]


def hash_leaf(content: bytes) -> bytes:
    """Return the hash of one leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class CompactRange:
    """All that is needed of a tree to go on with it: its size, and the roots of its complete subtrees, largest first.

    There are as many of these as ``size`` has one bits.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf_hash: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; return the nodes that it completed, itself first, as (level, index, hash)."""
        level, index = 0, self.size
        completed = [(level, index, leaf_hash)]
        node = leaf_hash
        while index & 1:
            node = hash_children(self.peaks.pop(), node)
            level, index = level + 1, index >> 1
            completed.append((level, index, node))
        self.peaks.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = hash_children(peak, node)
        return node


def list_peaks(size: int) -> list[tuple[int, int]]:
    """Return the complete subtrees of a tree of ``size`` leaves as (level, index), largest first."""
    peaks, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append((level, start >> level))
            start += 1 << level
    return peaks


# Proofs ------------------------------------------------------------------------------------------------------


def prove_inclusion(*, index: int, size: int, read_node: ReadNode) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of ``size`` leaves. Raises ``ValueError`` outside of it."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return [_hash_range(start, end, read_node) for start, end in _walk_to_leaf(index, 0, size)]


def prove_consistency(*, old_size: int, new_size: int, read_node: ReadNode) -> list[bytes]:
    """Return the proof that the tree of ``old_size`` leaves is the beginning of that of ``new_size``.

    Raises ``ValueError`` for sizes that are none.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"{old_size} leaves are no beginning of {new_size}")
    if old_size == new_size:
        return []
    return [_hash_range(start, end, read_node) for start, end in _walk_to_beginning(old_size, 0, new_size, whole=True)]


def _walk_to_leaf(index: int, start: int, end: int) -> list[tuple[int, int]]:
    """Return the ranges beside the way from a leaf up to the root, from the leaf."""
    beside = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    return beside[::-1]


def _walk_to_beginning(old_size: int, start: int, end: int, *, whole: bool) -> list[tuple[int, int]]:
    """Return the ranges of a consistency proof (SUBPROOF of RFC 6962, part 2.1.2), lowest first."""
    beside = []
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start, whole = middle, False
    if not whole:
        beside.append((start, end))
    return beside[::-1]


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _hash_range(start: int, end: int, read_node: ReadNode) -> bytes:
    """Return the root over leaves ``start`` to ``end``, put together from those of complete subtrees."""
    node: bytes | None = None
    for level, index in reversed(list_peaks(end - start)):
        peak = read_node(level, (start >> level) + index)
        node = peak if node is None else hash_children(peak, node)
    assert node is not None
    return node


# Verifiers ---------------------------------------------------------------------------------------------------


def verify_inclusion(*, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Make sure that a leaf stands at ``index`` of the tree with this root (RFC 9162, part 2.1.3.2).

    Raises ``ProofInvalid``.
    """
    _check_hashes([leaf_hash, root, *proof])
    if not 0 <= index < size <= MOST_LEAVES:
        raise ProofInvalid(f"A tree of {size} leaves has no leaf {index}.")
    position, last, node = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofInvalid("The proof is too long.")
        if position & 1 or position == last:
            node = hash_children(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = hash_children(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofInvalid("The proof is too short.")
    _compare(node, root)


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Make sure that the new tree begins with all leaves of the old one (RFC 9162, part 2.1.4.2).

    Raises ``ProofInvalid``.
    """
    # Everything begins with nothing: what is said of an empty tree is no evidence.
    if not 0 < old_size <= new_size <= MOST_LEAVES:
        raise ProofInvalid(f"{old_size} leaves are no beginning of {new_size}.")
    if old_size == new_size:
        if proof:
            raise ProofInvalid("The proof is too long.")
        _compare(old_root, new_root)
        return
    _check_hashes([old_root, new_root, *proof])
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not proof:
        raise ProofInvalid("The proof is too short.")
    _follow(old_size - 1, new_size - 1, path, old_root, new_root)


def _follow(position: int, last: int, path: Iterable[bytes], old_root: bytes, new_root: bytes) -> None:
    """Go up from the last leaf of the old tree, and compare what both trees come to."""
    while position & 1:
        position, last = position >> 1, last >> 1
    first, *rest = path
    old_node = new_node = first
    for sibling in rest:
        if last == 0:
            raise ProofInvalid("The proof is too long.")
        if position & 1 or position == last:
            old_node, new_node = hash_children(sibling, old_node), hash_children(sibling, new_node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_node = hash_children(new_node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofInvalid("The proof is too short.")
    _compare(old_node, old_root)
    _compare(new_node, new_root)


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofInvalid(f"A hash has {HASH_SIZE} bytes.")


def _compare(found: bytes, expected: bytes) -> None:
    if found != expected:
        raise ProofInvalid("The proof leads to another root.")
