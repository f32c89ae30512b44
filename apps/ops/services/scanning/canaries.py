"""What are we looking for? Values that were sown on purpose and must not stand anywhere in plain text."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.ops.services.scanning.problems import CanariesUnusable

# Below this, a value occurs by chance in a gigabyte of ciphertext.
SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Canary:
    """One sown value. ``also`` holds other spellings in which it was written; ``id`` is all that is ever printed."""

    id: str
    kind: str
    value: str
    also: tuple[str, ...] = ()


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=40, pattern=r"^[a-z_]+$")
    value: str = Field(min_length=SHORTEST, max_length=2000)
    also: tuple[str, ...] = ()


def read_canaries(path: Path) -> list[Canary]:
    """Return the canaries of a file with one JSON object a line. Raises CanariesUnusable, which quotes no value."""
    try:
        with path.open(encoding="utf-8") as lines:
            canaries = list(_parse_lines(path, lines))
    except OSError as error:
        raise CanariesUnusable(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CanariesUnusable(f"{path} is not UTF-8.") from error
    if not canaries:
        raise CanariesUnusable(f"{path} holds no canaries.")
    if len({canary.id for canary in canaries}) < len(canaries):
        raise CanariesUnusable(f"{path} uses an id twice.")
    return canaries


def _parse_lines(path: Path, lines: Iterable[str]) -> Iterator[Canary]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = _Line.model_validate_json(line)
        except ValidationError as error:
            # Only where and why: the error's own text would quote the value.
            first = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "line"
            raise CanariesUnusable(f"{path}, line {number}, {field}: {first['type']}.") from None
        yield Canary(found.id, found.kind, found.value, found.also)


def write_canaries(path: Path, canaries: Iterable[Canary]) -> None:
    """Write the file that ``read_canaries`` reads, for its owner's eyes only."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(json.dumps(asdict(canary)) + "\n" for canary in canaries), encoding="utf-8")
