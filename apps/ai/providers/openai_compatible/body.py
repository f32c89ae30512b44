"""Where does the body of a response end? Chunks, a stated length, or the end of the connection.

http.client could tell as well, but through some twenty calls for each piece of text; with hundreds of answers at a
time that is the larger part of the client's work. Headers are still read by http.client.
"""

from collections.abc import Iterator, Mapping
from io import BufferedReader

from apps.ai.errors import ModelGarbled

PORTION_BYTES = 64 * 1024
MAX_SIZE_LINE_BYTES = 4 * 1024


class ChunkDecoder:
    """Takes the chunked framing off. ``ended`` after the last chunk; ``surplus`` if more came behind it."""

    __slots__ = ("_held", "_left", "ended", "surplus")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0  # bytes still to come of the present chunk, its line end included
        self.ended = False
        self.surplus = False

    def feed(self, portion: bytes) -> bytes:
        """Return the payload in ``portion``. Raises ModelGarbled if the framing is wrong."""
        portion = self._held + portion
        self._held = b""
        payload: list[bytes] = []
        at = 0
        while at < len(portion) and not self.ended:
            if self._left:
                if self._left > 2:
                    payload.append(portion[at : at + self._left - 2])
                taken = min(self._left, len(portion) - at)
                at += taken
                self._left -= taken
            else:
                at = self._start_chunk(portion, at)
        self.surplus = self.ended and at < len(portion)
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def _start_chunk(self, portion: bytes, at: int) -> int:
        end = portion.find(b"\r\n", at)
        if end < 0:
            return self._hold(portion, at)
        size_text = portion[at:end].partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError:
            size = -1
        if size < 0:
            raise ModelGarbled("The model endpoint sent a body in broken chunks.")
        if size:
            self._left = size + 2
            return end + 2
        closing = portion.find(b"\r\n\r\n", end)  # trailers are read over
        if closing < 0:
            return self._hold(portion, at)
        self.ended = True
        return closing + 4

    def _hold(self, portion: bytes, at: int) -> int:
        self._held = portion[at:]
        if len(self._held) > MAX_SIZE_LINE_BYTES:
            raise ModelGarbled("The model endpoint sent a body in broken chunks.")
        return len(portion)


class Body:
    """The body behind a response's headers. ``complete`` once it was read to its end and nothing lies behind."""

    def __init__(self, reader: BufferedReader, headers: Mapping[str, str]) -> None:
        self._reader = reader
        self._headers = headers
        self.complete = False

    def portions(self) -> Iterator[bytes]:
        """Yield what arrives as it arrives. Raises OSError if it ends early, ModelGarbled if it cannot be read."""
        if self._headers.get("content-encoding", "identity").lower() != "identity":
            raise ModelGarbled("The model endpoint compressed its answer although it was asked not to.")
        length = self._headers.get("content-length", "")
        if "chunked" in self._headers.get("transfer-encoding", "").lower():
            yield from self._chunks()
        elif length.isdecimal():
            yield from self._counted(int(length))
        else:
            while portion := self._reader.read1(PORTION_BYTES):
                yield portion

    def _chunks(self) -> Iterator[bytes]:
        decoder, read = ChunkDecoder(), self._reader.read1
        while not decoder.ended:
            portion = read(PORTION_BYTES)
            if not portion:
                raise ConnectionError("the connection ended within a chunk")
            if payload := decoder.feed(portion):
                # Known before the last payload is handed on: its reader may stop there.
                self.complete = decoder.ended and not decoder.surplus
                yield payload
        self.complete = not decoder.surplus

    def _counted(self, left: int) -> Iterator[bytes]:
        while left > 0:
            portion = self._reader.read1(min(left, PORTION_BYTES))
            if not portion:
                raise ConnectionError("the connection ended within the body")
            left -= len(portion)
            self.complete = left == 0
            yield portion
        self.complete = True
