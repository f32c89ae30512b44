"""Are good proofs accepted and bad ones refused? Test vectors, judged by the verifiers that the log uses."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from apps.audit.errors import CasesUnreadable, ProofInvalid
from apps.audit.pipeline import tree

Case = Mapping[str, Any]
# How many wrong verdicts are named.
_SHOWN = 20


def evaluate_cases(*, cases: Path) -> dict[str, Any]:
    """Return ``share`` of right verdicts and ``count`` of cases; ``wrong`` names those that were misjudged.

    One JSON object a line, hashes in base64: ``leafIdx, treeSize, root, leafHash, proof, wantErr`` or ``size1, size2,
    root1, root2, proof, wantErr``. Raises ``CasesUnreadable``.
    """
    rows = _read(cases)
    try:
        wrong = [str(row["id"]) for row in rows if _is_refused(row) != bool(row["wantErr"])]
    except (KeyError, TypeError, ValueError) as error:
        raise CasesUnreadable(f"A case in {cases.name} is malformed: {error!r}") from error
    metrics: dict[str, Any] = {"share": 1 - len(wrong) / len(rows), "count": len(rows)}
    return metrics | ({"wrong": dict.fromkeys(wrong[:_SHOWN], 1)} if wrong else {})


def _read(path: Path) -> Sequence[Case]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise CasesUnreadable(f"{path} cannot be read: {error}") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise CasesUnreadable(f"{path} has no cases.")
    return rows


def _is_refused(case: Case) -> bool:
    proof = [_decode(one) for one in case["proof"] or ()]
    try:
        if "leafIdx" in case:
            tree.verify_inclusion(
                index=case["leafIdx"],
                size=case["treeSize"],
                leaf_hash=_decode(case["leafHash"]),
                proof=proof,
                root=_decode(case["root"]),
            )
        else:
            tree.verify_consistency(
                old_size=case["size1"],
                new_size=case["size2"],
                old_root=_decode(case["root1"]),
                new_root=_decode(case["root2"]),
                proof=proof,
            )
    except ProofInvalid:
        return True
    return False


def _decode(text: str | None) -> bytes:
    return base64.b64decode(text or "", validate=True)
