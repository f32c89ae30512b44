"""How does an agent answer without a browser? Signed in at the desk's own pages, with cookies and forms."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from tests.journeys.suite import Suite

_FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Agent:
    """One member of the demo company at the desk."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    @staticmethod
    def sign_tokens(secret: str, claims: dict[int, dict[str, str]]) -> dict[int, str]:
        """Return a visitor token for each person, as a website's server makes it."""
        now = datetime.now(UTC)
        times = {"iat": int(now.timestamp()), "exp": int((now + timedelta(hours=12)).timestamp())}
        return {number: jwt.encode({**times, **one}, secret, algorithm="HS256") for number, one in claims.items()}

    def sign_in(self) -> None:
        """Sign in with the form everybody uses."""
        page = self._open("/accounts/login/")
        found = _FORM_TOKEN.search(page)
        assert found is not None, "the sign-in page has no form"
        person = self._suite.sign_ins["agent"]
        form = {"login": person["email"], "password": person["password"], "csrfmiddlewaretoken": found[1]}
        self._open("/accounts/login/", form)

    def reply(self, conversation_id: str, text: str) -> None:
        """Send a reply; if the conversation has changed hands meanwhile, send it all the same."""
        form = {"client_id": str(uuid4()), "text": text, "expected_owner_version": "1"}
        address = f"/desk/c/{conversation_id}/reply/"
        try:
            self._open(address, form)
        except urllib.error.HTTPError as error:
            version = json.loads(error.read())["owner_version"]
            self._open(address, form | {"expected_owner_version": str(version)})

    def read(self, conversation_id: str) -> list[str]:
        """Return the texts of a conversation as the desk shows them."""
        page: dict[str, Any] = json.loads(self._open(f"/desk/c/{conversation_id}/messages/?after=0"))
        return [event["message"]["text"] for event in page["events"]]

    def _open(self, path: str, form: dict[str, str] | None = None) -> str:
        body = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"{self._suite.url}{path}", data=body)  # noqa: S310  our own suite
        token = next((cookie.value for cookie in self._cookies if cookie.name == "csrftoken"), None)
        request.add_header("X-CSRFToken", token or "")
        request.add_header("Referer", f"{self._suite.url}/desk/")
        with self._opener.open(request, timeout=30) as response:
            return str(response.read().decode())
