"""How do we put a question to an endpoint? Its address, its key, the request, and what each refusal means."""

import contextlib
import email.utils
import http.client
import json
import re
from collections.abc import Iterator, Mapping

import urllib3.exceptions
import urllib3.util
from urllib3.response import HTTPResponse
from urllib3.util import Url

from apps.ai.errors import (
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelUnavailable,
    ProviderError,
)
from apps.ai.providers.openai_compatible import stream_format
from apps.ai.providers.openai_compatible.body import Body
from apps.ai.providers.openai_compatible.connections import Connection, ConnectionStore
from apps.ai.providers.openai_compatible.patience import Patience
from apps.ai.providers.openai_compatible.prompting import Message
from apps.core import clock

BROKEN = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException)
WHOLE_BODY_BYTES = 1024 * 1024
ERROR_BODY_BYTES = 8 * 1024
ERROR_BODY_SECONDS = 0.5
TAIL_SECONDS = 0.02
LONGEST_RETRY_AFTER = 3600.0


class Exchange:
    """One request and the answer to it. ``deltas`` reads it piece by piece; ``close`` in every case."""

    def __init__(
        self, store: ConnectionStore, connection: Connection, response: HTTPResponse, patience: Patience
    ) -> None:
        assert connection.patient.reader is not None
        self._store = store
        self._connection = connection
        self._response = response
        self._body = Body(connection.patient.reader, response.headers)
        self._portions = self._read_portions()
        self._patience = patience
        self.said_done = False

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    def deltas(self) -> Iterator[stream_format.Delta]:
        """Yield the events of the answer. Raises ModelGarbled, ModelStalled, ModelUnavailable (broken)."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type == "application/json":
            yield stream_format.read_whole(self._read_body(WHOLE_BODY_BYTES))
            self.said_done = True
        elif content_type == "text/event-stream":
            yield from self._events()
        else:
            raise ModelGarbled("The model endpoint sent no event stream and no JSON. Look at LLM_BASE_URL.")

    def error_code(self) -> str:
        """Return the machine code in a refusal's body, waiting for it no longer than half a second."""
        self._patience.wait_at_most(ERROR_BODY_SECONDS)
        try:
            return stream_format.error_code_of(self._read_body(ERROR_BODY_BYTES))
        except ProviderError:
            return ""

    def close(self) -> None:
        """Give the connection back if all was read, else close it so that the endpoint stops writing."""
        self._response.close()
        if self._body.complete:
            self._store.give_back(self._connection)
        else:
            self._connection.close()

    def _events(self) -> Iterator[stream_format.Delta]:
        splitter = stream_format.LineSplitter()
        for portion in self._portions:
            for line in splitter.feed(portion):
                payload = stream_format.data_of(line)
                if payload == b"[DONE]":
                    self._read_tail()
                    return
                if payload:
                    yield stream_format.read_event(payload)
        for line in splitter.rest():
            payload = stream_format.data_of(line)
            if payload == b"[DONE]":
                self.said_done = True
            elif payload:
                yield stream_format.read_event(payload)

    def _read_portions(self) -> Iterator[bytes]:
        try:
            yield from self._body.portions()
        except OSError as error:
            raise ModelUnavailable("The model endpoint broke off its answer.") from error

    def _read_tail(self) -> None:
        """Read the end of the body, normally there already, so that the connection can be used again."""
        self.said_done = True
        if not self._body.complete:
            self._patience.wait_at_most(TAIL_SECONDS)
            with contextlib.suppress(ProviderError):
                next(self._portions, None)

    def _read_body(self, limit: int) -> bytes:
        body = bytearray()
        for portion in self._portions:
            body += portion
            if len(body) > limit:
                raise ModelGarbled("The model endpoint sent far more than an answer.")
        return bytes(body)


class Endpoint:
    """Where to ask and as whom. Refuses a wrong address or key when made (ValueError, without the key)."""

    def __init__(self, *, base_url: str, api_key: str, model: str, connect_seconds: float) -> None:
        self._url = read_base_url(base_url)
        self._model = model
        self._api_key = api_key
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "User-Agent": "switchboard",
        }
        if api_key:
            self._headers["Authorization"] = f"Bearer {_check_key(api_key)}"
        self._store = ConnectionStore(self._url, connect_seconds=connect_seconds)
        self._takes_options = True

    def __repr__(self) -> str:
        return f"Endpoint({self._url}, model={self._model!r})"

    def ask(
        self, messages: list[Message], options: Mapping[str, object], patience: Patience, *, fresh: bool
    ) -> Exchange:
        """Send the messages; return the exchange once the endpoint has agreed to answer.

        Some models refuse sampling options: then asks again without, and from then on always.
        Raises ModelUnavailable, ModelRateLimited, ModelRefusedRequest, ModelGarbled or ModelStalled.
        """
        body: dict[str, object] = {"model": self._model, "messages": messages, "stream": True}
        if self._takes_options:
            exchange = self._send({**body, **options}, patience, fresh=fresh)
            if exchange.status not in (400, 422):
                return self._accepted(exchange)
            exchange.close()
        exchange = self._accepted(self._send(body, patience, fresh=fresh))
        self._takes_options = False
        return exchange

    def presentable(self, code: str) -> str:
        """Return an error code of the endpoint as it may be shown: some echo the key they were given."""
        return "" if self._api_key and self._api_key in code else code

    def close(self) -> None:
        """Close idle connections."""
        self._store.close()

    def _send(self, body: Mapping[str, object], patience: Patience, *, fresh: bool) -> Exchange:
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            connection = self._store.take(patience, fresh=fresh)
            return Exchange(self._store, connection, self._post(connection, encoded), patience)
        except http.client.RemoteDisconnected as error:
            raise ModelUnavailable("The model endpoint closed the connection without an answer.") from error
        except (http.client.BadStatusLine, http.client.LineTooLong) as error:
            raise ModelGarbled("The model endpoint does not speak HTTP. Look at LLM_BASE_URL.") from error
        except BROKEN as error:
            raise ModelUnavailable("The model endpoint cannot be reached. Look at LLM_BASE_URL.") from error

    def _post(self, connection: Connection, body: bytes) -> HTTPResponse:
        target = f"{self._url.path}/chat/completions"
        try:
            connection.request("POST", target, body, self._headers, preload_content=False)
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _accepted(self, exchange: Exchange) -> Exchange:
        if exchange.status == 200:
            return exchange
        try:
            raise self._refusal(exchange)
        finally:
            exchange.close()

    def _refusal(self, exchange: Exchange) -> ProviderError:
        status = exchange.status
        if status == 429:
            return ModelRateLimited(retry_after=read_retry_after(exchange.headers))
        if 200 <= status < 300:
            return ModelGarbled(f"The model endpoint answered {status} instead of an answer.")
        said = f"{status} {self.presentable(exchange.error_code())}".strip()
        if status >= 500 or status == 408:
            return ModelUnavailable(f"The model endpoint failed ({said}).")
        advice = _setting_to_look_at(status)
        return ModelRefusedRequest(f"The model endpoint refused the request ({said}). {advice}")


def read_base_url(text: str) -> Url:
    """Return the address without trailing slash, with ``/v1`` where no path was given. Raises ValueError."""
    try:
        url = urllib3.util.parse_url(text.strip())
    except urllib3.exceptions.LocationParseError:
        raise ValueError("LLM_BASE_URL is not an address.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("LLM_BASE_URL must begin with http:// or https:// and name a host.")
    if url.auth or url.query or url.fragment:
        raise ValueError("LLM_BASE_URL must hold no user, query or fragment; the key goes into LLM_API_KEY.")
    path = (url.path or "").rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return url._replace(path=path or "/v1")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a 429 asks us to wait, at most an hour; None if it does not say so clearly."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = moment.timestamp() - clock.now().timestamp()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _check_key(api_key: str) -> str:
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise ValueError("LLM_API_KEY holds a line break, a space or a character beyond ASCII.")
    return api_key


def _setting_to_look_at(status: int) -> str:
    if 300 <= status < 400:
        return "It redirects; LLM_BASE_URL must be the final address."
    if status in (401, 403):
        return "Look at LLM_API_KEY."
    if status in (404, 405):
        return "Look at LLM_BASE_URL and LLM_MODEL."
    return "Look at LLM_MODEL."
