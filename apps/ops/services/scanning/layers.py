"""What is hidden by compression? Archives in files and values, sessions, and strings of Valkey's snapshots."""

import base64
import binascii
import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from mmap import mmap
from pathlib import Path
from typing import IO, cast

from apps.ops.services.scanning.matching import CHUNK_BYTES

DEEPEST = 4
# An archive may unpack to any size; its first gigabytes are searched, and the rest is reported as unread.
LARGEST_UNPACKED = 4 * 1024**3
# A zip inside an archive has to be in memory as a whole, since its directory is at its end.
LARGEST_INNER_ZIP = 64 * 1024**2
_ZIP = b"PK\x03\x04"
_STREAMS: dict[bytes, tuple[str, Callable[[IO[bytes]], IO[bytes]]]] = {
    b"\x1f\x8b": ("gzip", lambda file: cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb"))),
    b"BZh": ("bzip2", lambda file: cast(IO[bytes], bz2.BZ2File(file))),
    b"\xfd7zXZ": ("xz", lambda file: cast(IO[bytes], lzma.LZMAFile(file))),  # noqa: SIM115  closed with the file below
}
PACKED = (_ZIP, *_STREAMS)
_LZF = b"\xc3"
_LARGEST_LZF = 512 * 1024**2
# Base64 of a zlib stream: how Django packs sessions and signed values.
PACKED_TEXT = re.compile(rb"e(?:A[E-H]|F[4-7]|J[w-z]|N[o-r])[A-Za-z0-9_\-+/]{12,}")
# Among them: encrypted members (RuntimeError) and methods that Python does not know (derived from it).
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)

Layer = tuple[str, Iterator[bytes]]


class Opaque(Exception):
    """Something inside an archive could not be unpacked: encrypted, damaged, too deep or too large."""


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file from its position to its end."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def open_layers(path: Path) -> Iterator[Layer]:
    """Yield a file as it is, then everything packed in it, each with its name inside; to be read in this order.

    Raises OSError for the file itself and Opaque, at the end, if something in it stayed closed.
    """
    with path.open("rb") as file:
        yield "", read_chunks(file)
        closed: list[str] = []
        budget = _Budget()
        yield from _unpack(file, "", 0, closed, budget)
    if closed:
        raise Opaque("; ".join(closed[:5]))


class _Budget:
    """How much may still be unpacked from one file."""

    def __init__(self) -> None:
        self.left = LARGEST_UNPACKED

    def spend(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.left -= len(chunk)
            if self.left < 0:
                raise ValueError("too large when unpacked")
            yield chunk


def _unpack(file: IO[bytes], name: str, depth: int, closed: list[str], budget: _Budget) -> Iterator[Layer]:
    file.seek(0)
    head = file.read(6)
    if not head.startswith(PACKED):
        return
    if depth == DEEPEST:
        closed.append(f"{name or 'file'}: packed more than {DEEPEST} times")
        return
    file.seek(0)
    try:
        if head.startswith(_ZIP):
            yield from _unzip(file, name, depth, closed, budget)
            return
        method, opener = next(known for mark, known in _STREAMS.items() if head.startswith(mark))
        label, inner = f"{name}!{method}", opener(file)
        yield label, _guard(budget.spend(read_chunks(inner)), label, closed)
        yield from _unpack(inner, label, depth + 1, closed, budget)
    except _BROKEN as error:
        closed.append(f"{name or 'file'}: {type(error).__name__}")


def _unzip(file: IO[bytes], name: str, depth: int, closed: list[str], budget: _Budget) -> Iterator[Layer]:
    if depth:
        content = file.read(LARGEST_INNER_ZIP + 1)
        if len(content) > LARGEST_INNER_ZIP:
            raise ValueError("zip within an archive is too large")
        file = io.BytesIO(content)
    with zipfile.ZipFile(file) as archive:
        # Names of members, and comments, are text of their own.
        yield f"{name}!zip directory", iter([b"\n".join(_describe(member) for member in archive.infolist())])
        for number, member in enumerate(archive.infolist(), 1):
            if member.is_dir():
                continue
            label = f"{name}!zip member {number}"
            try:
                with archive.open(member) as inner:
                    yield label, _guard(budget.spend(read_chunks(inner)), label, closed)
                    yield from _unpack(inner, label, depth + 1, closed, budget)
            except _BROKEN as error:
                closed.append(f"{label}: {type(error).__name__}")


def _describe(member: zipfile.ZipInfo) -> bytes:
    return member.filename.encode(errors="replace") + b"\n" + member.comment + b"\n" + member.extra


def _guard(chunks: Iterator[bytes], label: str, closed: list[str]) -> Iterator[bytes]:
    """A stream that breaks off is noted; what came before was searched."""
    try:
        yield from chunks
    except _BROKEN as error:
        closed.append(f"{label}: {type(error).__name__}")


# Values ------------------------------------------------------------------------------------------------------------
def expand_value(value: bytes, closed: list[str], depth: int = 0) -> Iterator[Iterator[bytes]]:
    """Yield what is packed in a value that is in memory: the parts of an archive, or packed text anywhere in it.

    Each comes in pieces, to be read in this order. ``closed`` gains what could not be unpacked.
    """
    if depth == DEEPEST:
        return
    if value.startswith(PACKED):
        for _, chunks in _unpack(io.BytesIO(value), "", depth, closed, _Budget()):
            yield chunks
        return
    for found in PACKED_TEXT.finditer(value):
        inner = _inflate_text(found[0])
        if inner:
            yield iter([inner])
            yield from expand_value(inner, closed, depth + 1)


def _inflate_text(packed: bytes) -> bytes:
    try:
        binary = base64.b64decode(packed.translate(bytes.maketrans(b"-_", b"+/")) + b"===")
        return zlib.decompressobj().decompress(binary, CHUNK_BYTES)
    except (binascii.Error, zlib.error):
        return b""


# Snapshots of Valkey -----------------------------------------------------------------------------------------------
def expand_snapshot(data: bytes | mmap) -> Iterator[bytes]:
    """Yield every LZF-compressed string in these bytes of an RDB snapshot.

    The snapshot's structure changes with versions; the mark of a compressed string does not. So every mark is tried:
    what happens to look like one fails to unpack to its stated length.
    """
    position = data.find(_LZF)
    while position >= 0:
        text = _read_compressed(data, position + 1)
        if text is not None:
            yield text
        position = data.find(_LZF, position + 1)


def _read_compressed(data: bytes | mmap, position: int) -> bytes | None:
    packed = _read_length(data, position)
    if packed is None:
        return None
    full = _read_length(data, packed[1])
    if full is None:
        return None
    start, end = full[1], full[1] + packed[0]
    if not 4 <= packed[0] < full[0] <= min(_LARGEST_LZF, packed[0] * 300) or end > len(data):
        return None
    return _inflate_lzf(data[start:end], full[0])


def _read_length(data: bytes | mmap, position: int) -> tuple[int, int] | None:
    """Return a length in the snapshot's encoding and where it ends."""
    head = data[position : position + 9]
    if not head:
        return None
    kind = head[0] >> 6
    if kind == 0:
        return head[0] & 0x3F, position + 1
    if kind == 1 and len(head) > 1:
        return (head[0] & 0x3F) << 8 | head[1], position + 2
    if head[0] == 0x80 and len(head) > 4:
        return int.from_bytes(head[1:5]), position + 5
    if head[0] == 0x81 and len(head) > 8:
        return int.from_bytes(head[1:9]), position + 9
    return None


def _inflate_lzf(packed: bytes, length: int) -> bytes | None:
    out = bytearray()
    position = 0
    try:
        while position < len(packed):
            control = packed[position]
            position += 1
            if control < 32:
                out += packed[position : position + control + 1]
                position += control + 1
                continue
            size = control >> 5
            if size == 7:
                size += packed[position]
                position += 1
            start = len(out) - ((control & 0x1F) << 8) - packed[position] - 1
            position += 1
            if start < 0:
                return None
            # Byte by byte where the copy runs into itself.
            for index in range(start, start + size + 2):
                out.append(out[index])
            if len(out) > length:
                return None
    except IndexError:
        return None
    return bytes(out) if len(out) == length else None
