"""The tree of hashes against its definition, and proofs that hold for what is so and for nothing else."""

import base64
import hashlib
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.audit.errors import ProofInvalid
from apps.audit.pipeline import tree

# RFC 6962, part 2.1.1, over the leaves that the log of Certificate Transparency is tested with.
LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60" * 16)]
ROOT_OF_ONE = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def define_root(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it, word by word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + define_root(leaves[:split]) + define_root(leaves[split:])).digest()


class Log:
    """Leaves with all the nodes that they complete, as a store of tiles has them."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.range = tree.CompactRange()
        self.nodes: dict[tuple[int, int], bytes] = {}
        for leaf in leaves:
            for level, index, node in self.range.append(tree.hash_leaf(leaf)):
                self.nodes[level, index] = node

    def read(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


def make_log(size: int) -> Log:
    return Log([b"leaf %d" % number for number in range(size)])


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


def test_the_root_of_one_empty_leaf_is_the_published_one() -> None:
    assert Log(LEAVES[:1]).range.root().hex() == ROOT_OF_ONE


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_the_root_is_as_the_rfc_defines_it(size: int) -> None:
    assert Log(LEAVES[:size]).range.root() == define_root(LEAVES[:size])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 700))
def test_a_range_goes_on_where_it_was_left(size: int) -> None:
    log = make_log(size)

    assert (log.range.size, log.range.root()) == (size, define_root(log.leaves))
    assert log.range.peaks == [log.read(level, index) for level, index in tree.list_peaks(size)]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_leaf_is_proved_where_it_stands_and_nowhere_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    log = make_log(size)
    leaf_hash, root = tree.hash_leaf(log.leaves[index]), log.range.root()

    proof = tree.prove_inclusion(index=index, size=size, read_node=log.read)

    tree.verify_inclusion(index=index, size=size, leaf_hash=leaf_hash, proof=proof, root=root)
    assert len(proof) <= max(size - 1, 0).bit_length()
    wrong = [
        {"index": index, "leaf_hash": leaf_hash, "proof": [*proof, root], "root": root},
        {"index": index, "leaf_hash": flip(leaf_hash, data.draw(st.integers(0, 255))), "proof": proof, "root": root},
        {"index": index, "leaf_hash": leaf_hash, "proof": proof, "root": flip(root, data.draw(st.integers(0, 255)))},
        {"index": size, "leaf_hash": leaf_hash, "proof": proof, "root": root},
        {"index": -1, "leaf_hash": leaf_hash, "proof": proof, "root": root},
    ]
    if proof:
        number, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        broken = [flip(one, bit) if place == number else one for place, one in enumerate(proof)]
        wrong += [
            {"index": index, "leaf_hash": leaf_hash, "proof": broken, "root": root},
            {"index": index, "leaf_hash": leaf_hash, "proof": proof[:-1], "root": root},
            {"index": index ^ 1, "leaf_hash": leaf_hash, "proof": proof, "root": root},
        ]
    for one in wrong:
        with pytest.raises(ProofInvalid):
            tree.verify_inclusion(size=size, **one)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_log_is_proved_to_begin_as_it_did_before(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(1, 600))
    old_size = data.draw(st.integers(1, new_size))
    log, old = make_log(new_size), make_log(old_size).range.root()
    new = log.range.root()

    proof = tree.prove_consistency(old_size=old_size, new_size=new_size, read_node=log.read)

    tree.verify_consistency(old_size=old_size, new_size=new_size, old_root=old, new_root=new, proof=proof)
    bit = data.draw(st.integers(0, 255))
    wrong = [(flip(old, bit), new, proof), (old, flip(new, bit), proof), (old, new, [*proof, new])]
    if proof:
        number = data.draw(st.integers(0, len(proof) - 1))
        broken = [flip(one, bit) if place == number else one for place, one in enumerate(proof)]
        wrong += [(old, new, broken), (old, new, proof[:-1])]
    for old_root, new_root, given_proof in wrong:
        with pytest.raises(ProofInvalid):
            tree.verify_consistency(
                old_size=old_size, new_size=new_size, old_root=old_root, new_root=new_root, proof=given_proof
            )


def test_a_log_whose_past_was_changed_has_no_proof() -> None:
    honest, changed = make_log(300), Log([b"other", *make_log(500).leaves[1:]])

    proof = tree.prove_consistency(old_size=300, new_size=500, read_node=changed.read)

    with pytest.raises(ProofInvalid, match="another root"):
        tree.verify_consistency(
            old_size=300, new_size=500, old_root=honest.range.root(), new_root=changed.range.root(), proof=proof
        )


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_tree_is_not_proved(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        tree.prove_inclusion(index=index, size=size, read_node=make_log(size).read)


@pytest.mark.parametrize(("old_size", "new_size"), [(-1, 3), (4, 3), (0, 3)])
def test_what_is_no_beginning_is_not_proved(old_size: int, new_size: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        tree.prove_consistency(old_size=old_size, new_size=new_size, read_node=make_log(3).read)


# Evaluating --------------------------------------------------------------------------------------------------


def _write(folder: Path, *cases: dict[str, object]) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return path


def _case(*, wanted: bool) -> dict[str, object]:
    log = make_log(5)
    proof = tree.prove_inclusion(index=3, size=5, read_node=log.read)
    shown = {"root": log.range.root(), "leafHash": tree.hash_leaf(log.leaves[3])}
    encoded: dict[str, object] = {name: base64.b64encode(value).decode() for name, value in shown.items()}
    proofs = [base64.b64encode(one).decode() for one in proof]
    return encoded | {"id": "one", "leafIdx": 3, "treeSize": 5, "proof": proofs, "wantErr": wanted}


def test_verdicts_are_counted_and_wrong_ones_named(tmp_path: Path) -> None:
    cases = _write(tmp_path, _case(wanted=False), _case(wanted=True) | {"id": "two"})
    said = StringIO()

    call_command("evaluate", "merkle", cases=cases, json=tmp_path / "metrics.json", stdout=said)

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics == {"share": 0.5, "count": 2, "wrong": {"two": 1}}
    assert "share" in said.getvalue()


@pytest.mark.parametrize(
    "text", ["", "[]", "no json", '{"id": "x", "wantErr": false}', '{"leafIdx": 0, "wantErr": true, "proof": ["*"]}']
)
def test_a_file_without_cases_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(text)

    with pytest.raises(CommandError, match=r"cases\.jsonl"):
        call_command("evaluate", "merkle", cases=path, json=None)
