"""Files are sealed segment by segment: any length, little memory, nothing left out, swapped or cut off unnoticed."""

import io
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile, File
from django.db import transaction

from apps.core import tenancy
from apps.vault.errors import CiphertextTampered, CiphertextUnknown, KeyNotInScope, KeyShredded, SealedMisused
from apps.vault.services import keys as vault_keys
from apps.vault.types import SEGMENT_BYTES, STREAM_HEAD_BYTES, TAG_BYTES
from tests.vault.letters import Letter

pytestmark = pytest.mark.usefixtures("letters")
SEALED_SEGMENT = SEGMENT_BYTES + TAG_BYTES
SIZES = [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, 3 * SEGMENT_BYTES + 17]


def _write(organisation_id: UUID, content: bytes, **values: Any) -> tuple[Letter, Path]:
    letter = Letter(organisation_id=organisation_id, **values)
    letter.scan.save("passport of Vera.pdf", ContentFile(content))
    return letter, Path(letter.scan.path)


def _read(letter: Letter) -> bytes:
    with Letter.objects.get(id=letter.id).scan.open() as content:
        return bytes(content.read())


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_as_it_was(alpha: UUID, size: int) -> None:
    content = os.urandom(size)

    letter, path = _write(alpha, content)

    assert _read(letter) == content
    assert b"".join(Letter.objects.get(id=letter.id).scan.chunks()) == content
    assert Letter.objects.get(id=letter.id).scan.size == size
    segments = max(1, -(-size // SEGMENT_BYTES))
    assert path.stat().st_size == STREAM_HEAD_BYTES + size + segments * TAG_BYTES


def test_nothing_of_a_file_can_be_read_where_it_lies(alpha: UUID) -> None:
    content = b"canary of Vera " * 10_000

    letter, path = _write(alpha, content)

    assert b"canary" not in path.read_bytes()
    assert "Vera" not in str(letter.scan.name)
    assert "passport" not in str(path)


def test_a_file_is_saved_with_its_row(alpha: UUID) -> None:
    letter = Letter.objects.create(organisation_id=alpha, scan=ContentFile(b"abc", name="a.txt"))

    assert _read(letter) == b"abc"


def test_a_large_file_needs_little_memory(alpha: UUID, tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    (tmp_path / "large").write_bytes(bytes(size))
    letter = Letter(organisation_id=alpha)
    vault_keys.get_key(owner_id=letter.writer_id)

    tracemalloc.start()
    with (tmp_path / "large").open("rb") as content:
        letter.scan.save("large", File(content))
    read = sum(len(chunk) for chunk in Letter.objects.get(id=letter.id).scan.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert read == size
    assert peak < 2 * 1024 * 1024


def _tamper_cases(sealed: bytes) -> Iterator[bytes]:
    head, body = sealed[:STREAM_HEAD_BYTES], sealed[STREAM_HEAD_BYTES:]
    first, second, last = body[:SEALED_SEGMENT], body[SEALED_SEGMENT : 2 * SEALED_SEGMENT], body[2 * SEALED_SEGMENT :]
    yield head + first + second  # the end cut off at a segment's border
    yield head + first  # more of it
    yield head  # all of it
    yield head[:-1]
    yield b""
    yield sealed[:-1]
    yield sealed + b"x"
    yield sealed + last
    yield head + second + first + last  # swapped
    yield head + first + last  # one left out
    yield head + first + first + second + last  # one twice
    yield head + last
    yield head[:-1] + bytes((head[-1] ^ 1,)) + body
    for place in (0, SEALED_SEGMENT - 1, len(body) // 2, len(body) - 1):
        yield head + body[:place] + bytes((body[place] ^ 1,)) + body[place + 1 :]


@pytest.mark.parametrize("number", range(17))
def test_a_changed_file_is_found(alpha: UUID, number: int) -> None:
    letter, path = _write(alpha, os.urandom(2 * SEGMENT_BYTES + 100))
    path.write_bytes(list(_tamper_cases(path.read_bytes()))[number])

    with pytest.raises(CiphertextTampered):
        _read(letter)


def test_segments_of_another_file_of_the_same_owner_do_not_fit(alpha: UUID) -> None:
    writer = uuid4()
    first, path = _write(alpha, os.urandom(2 * SEGMENT_BYTES), writer_id=writer)
    _, other = _write(alpha, os.urandom(2 * SEGMENT_BYTES), writer_id=writer)
    sealed, foreign = path.read_bytes(), other.read_bytes()

    path.write_bytes(sealed[: STREAM_HEAD_BYTES + SEALED_SEGMENT] + foreign[STREAM_HEAD_BYTES + SEALED_SEGMENT :])

    with pytest.raises(CiphertextTampered):
        _read(first)


def test_a_file_moved_to_another_row_does_not_open(alpha: UUID) -> None:
    writer = uuid4()
    first, path = _write(alpha, b"one", writer_id=writer)
    _, other = _write(alpha, b"two", writer_id=writer)
    path.write_bytes(other.read_bytes())

    with pytest.raises(CiphertextTampered):
        _read(first)


def test_a_file_that_was_never_sealed_is_named(alpha: UUID) -> None:
    letter, path = _write(alpha, b"one")
    path.write_bytes(b"%PDF-1.7 plain " * 10)

    with pytest.raises(CiphertextUnknown):
        _read(letter)


def test_a_file_of_another_organisation_neither_opens_nor_is_saved(alpha: UUID, beta: UUID) -> None:
    letter, _ = _write(alpha, b"one")

    with tenancy.scope(beta), pytest.raises(KeyNotInScope):
        Letter.everywhere.get(id=letter.id).scan.read()
    with pytest.raises(KeyNotInScope), transaction.atomic():
        Letter.objects.create(organisation_id=beta, scan=ContentFile(b"x", name="x"))
    assert Letter.everywhere.count() == 1


def test_a_shredded_file_does_not_open(alpha: UUID) -> None:
    letter, _ = _write(alpha, b"one")

    vault_keys.shred_keys(owner_ids=[letter.writer_id])

    with pytest.raises(KeyShredded):
        _read(letter)


def test_a_file_has_no_address_and_is_not_written_to(alpha: UUID) -> None:
    letter, _ = _write(alpha, b"one")

    with pytest.raises(SealedMisused):
        _ = letter.scan.url
    with pytest.raises(SealedMisused):
        letter.scan.open("wb")


def test_an_opened_file_is_read_like_any_other(alpha: UUID) -> None:
    letter, _ = _write(alpha, b"one\ntwo\n")

    with Letter.objects.get(id=letter.id).scan.open() as content:
        assert (content.read(2), content.read(), content.read()) == (b"on", b"e\ntwo\n", b"")
    with io.TextIOWrapper(Letter.objects.get(id=letter.id).scan.open().file.file) as lines:
        assert [line.strip() for line in lines] == ["one", "two"]
