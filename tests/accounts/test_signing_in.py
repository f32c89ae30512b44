"""Staff are invited: they sign in, they do not sign up."""

from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import Membership, Organisation, User
from apps.accounts.types import Role
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

SIGN_UP = {"email": "eve@acme.example", "password1": "a long enough phrase", "password2": "a long enough phrase"}


@pytest.fixture
def ruth(acme: Organisation) -> Membership:
    """Return an agent with an address of her own in every test: wrong passwords are counted for minutes."""
    email = f"ruth.{uuid4().hex}@acme.example"
    return services.save_member(organisation=acme, email=email, name="Ruth", role=Role.AGENT, password=PASSWORD)


@pytest.fixture
def browser() -> Client:
    """Return a browser somewhere else in every test, for the same reason."""
    return Client(REMOTE_ADDR=f"2001:db8::{uuid4().hex[:4]}:{uuid4().hex[:4]}")


def _sign_in(browser: Client, email: str, password: str = PASSWORD) -> int:
    return browser.post("/accounts/login/", {"login": email, "password": password}).status_code


def _is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


@pytest.mark.parametrize("write", [str, str.upper, str.title])
def test_a_member_signs_in_and_comes_to_the_desk(
    browser: Client, ruth: Membership, write: "Callable[[str], str]"
) -> None:
    response = browser.post("/accounts/login/", {"login": write(ruth.user.email), "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (HTTPStatus.FOUND, "/desk/")
    assert browser.session["_auth_user_id"] == str(ruth.user_id)


def test_a_wrong_password_does_not_sign_in(browser: Client, ruth: Membership) -> None:
    assert _sign_in(browser, ruth.user.email, "wrong") == HTTPStatus.OK
    assert not _is_signed_in(browser)


def test_somebody_unknown_is_refused_in_the_same_words(browser: Client, ruth: Membership) -> None:
    unknown = f"nobody.{uuid4().hex}@acme.example"
    wrong = browser.post("/accounts/login/", {"login": ruth.user.email, "password": "wrong"})

    refused = browser.post("/accounts/login/", {"login": unknown, "password": "wrong"})

    assert refused.status_code == wrong.status_code
    assert refused.context["form"].errors == wrong.context["form"].errors
    assert not _is_signed_in(browser)


def test_nothing_signs_nobody_in(browser: Client, db: None) -> None:
    assert _sign_in(browser, "", "") == HTTPStatus.OK
    assert not _is_signed_in(browser)


def test_who_may_no_longer_sign_in_does_not(browser: Client, ruth: Membership) -> None:
    User.objects.filter(id=ruth.user_id).update(is_active=False)

    _sign_in(browser, ruth.user.email)

    assert not _is_signed_in(browser)


def test_signing_up_is_closed(browser: Client, db: None) -> None:
    shown = browser.get("/accounts/signup/")
    sent = browser.post("/accounts/signup/", SIGN_UP)

    assert b"password1" not in shown.content
    assert b"password1" not in sent.content
    assert User.objects.count() == 0
    assert not _is_signed_in(browser)


def test_signing_out_ends_the_session(browser: Client, ruth: Membership) -> None:
    _sign_in(browser, ruth.user.email)

    browser.post("/accounts/logout/")

    assert not _is_signed_in(browser)


def test_looking_at_the_sign_out_page_signs_nobody_out(browser: Client, ruth: Membership) -> None:
    _sign_in(browser, ruth.user.email)

    browser.get("/accounts/logout/")

    assert _is_signed_in(browser)


def test_signing_in_leads_to_no_other_website(browser: Client, ruth: Membership) -> None:
    signing_in = {"login": ruth.user.email, "password": PASSWORD, "next": "https://evil.example/"}

    response = browser.post("/accounts/login/?next=https://evil.example/", signing_in)

    assert response["Location"] == "/desk/"


def test_after_too_many_wrong_passwords_even_the_right_one_waits(browser: Client, ruth: Membership) -> None:
    for _ in range(12):
        _sign_in(browser, ruth.user.email, "wrong")

    _sign_in(browser, ruth.user.email)

    assert not _is_signed_in(browser)


def test_a_session_gets_a_new_key_when_somebody_signs_in(browser: Client, ruth: Membership) -> None:
    browser.get("/accounts/login/")
    session = browser.session
    session["planted"] = True
    session.save()
    planted_key = session.session_key

    _sign_in(browser, ruth.user.email)

    assert browser.session.session_key != planted_key
