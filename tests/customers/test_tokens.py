"""Which visitor tokens prove something, and what is said about the others."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.db import IntegrityError, connection, transaction
from structlog.testing import capture_logs

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.customers import errors
from apps.customers.models import TokenSecret
from apps.customers.services import token_secrets, tokens
from apps.customers.types import CanonicalIdentity, IdentityKind, Introduction, Level
from tests.customers.factories import NOON

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

INBOX = "0192f0c0-0000-7000-8000-000000000001"
AT = int(NOON.timestamp())
GOOD = {"sub": "u-1", "iat": AT, "exp": AT + 3600}


@pytest.fixture
def secret(in_acme: "Organisation") -> str:
    """Return acme's secret."""
    return token_secrets.create_token_secret(name="Website").secret


def verify(token: str) -> Introduction:
    return tokens.verify_token(token=token, audiences={INBOX}, now=NOON)


def sign(secret: str, **claims: Any) -> str:
    return jwt.encode({**GOOD, **claims}, secret, algorithm="HS256")


def forge(header: object, payload: object, key: bytes = b"") -> str:
    """Return a token made by hand, signed with HMAC-SHA-256 under ``key``."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(key, signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_a_token_says_who_the_visitor_is(secret: str) -> None:
    token = sign(
        secret,
        email="Vera@Example.com",
        email_verified=True,
        phone="+44 20 7946 0018",
        name="Vera\u202e Wood",
        locale="en_GB",
        favourite_tea="rooibos",
        aud=[INBOX, "other"],
        nbf=AT,
    )

    assert verify(token) == Introduction(
        "visitor_token",
        (
            CanonicalIdentity(IdentityKind.EXTERNAL_ID, "u-1", Level.VERIFIED),
            CanonicalIdentity(IdentityKind.EMAIL, "vera@example.com", Level.VERIFIED),
            CanonicalIdentity(IdentityKind.PHONE, "+442079460018", Level.CLAIMED),
        ),
        (("name", "Vera Wood"), ("locale", "en-GB")),
    )


@pytest.mark.parametrize("proof", [False, None, "true", 1, [True]])
def test_only_true_makes_an_address_verified(secret: str, proof: object) -> None:
    introduction = verify(sign(secret, email="v@example.com", email_verified=proof))

    assert introduction.identities[1].level is Level.CLAIMED


def test_the_names_of_openid_connect_are_understood(secret: str) -> None:
    introduction = verify(sign(secret, phone_number="+442079460018", phone_number_verified=True))

    assert introduction.identities[1] == CanonicalIdentity(IdentityKind.PHONE, "+442079460018", Level.VERIFIED)


# Form and signature -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        *("", "a", "a.b", "a.b.c", "a.b.c.d", "...", "é.é.é", "a.b.c\n", " a.b.c", "eyJ9.e30.x"),
        forge(b"[" * 2000, GOOD),
        forge({"alg": "HS256"}, b"[" * 1500),
        forge(b"9" * 2500, GOOD),
        forge([], GOOD),
        forge("HS256", GOOD),
        forge({"alg": "HS256", "kid": 7}, GOOD),
        forge(b"\xff\xfe", GOOD),
    ],
)
def test_what_is_no_token_is_refused(secret: str, token: str) -> None:
    with pytest.raises((errors.TokenMalformed, errors.TokenAlgorithmRefused, errors.TokenSignatureWrong)):
        verify(token)


@pytest.mark.parametrize("payload", [[], "text", 7, b"{", b"[" * 1500, b'{"exp": ' + b"9" * 2500 + b"}"])
def test_a_signature_does_not_make_a_payload_readable(secret: str, payload: object) -> None:
    with pytest.raises((errors.TokenMalformed, errors.TokenLifetimeRefused)):
        verify(forge({"alg": "HS256"}, payload, secret.encode()))


@pytest.mark.parametrize("size", [4097, 1_000_000])
def test_a_token_has_a_largest_size(secret: str, size: int) -> None:
    with pytest.raises(errors.TokenTooLarge):
        verify("a" * size)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "hs256", "", None, 7]
)
def test_another_algorithm_is_refused(secret: str, algorithm: object) -> None:
    with pytest.raises(errors.TokenAlgorithmRefused):
        verify(forge({"alg": algorithm, "typ": "JWT"}, GOOD, secret.encode()))


def test_a_token_without_a_signature_is_refused(secret: str) -> None:
    unsigned = forge({"alg": "HS256"}, GOOD).rpartition(".")[0] + "."

    with pytest.raises(errors.TokenSignatureWrong):
        verify(unsigned)


def test_a_header_that_demands_more_is_refused(secret: str) -> None:
    with pytest.raises(errors.TokenMalformed):
        verify(forge({"alg": "HS256", "crit": ["b64"], "b64": False}, GOOD, secret.encode()))


def test_a_changed_token_is_refused(secret: str) -> None:
    header, _, signature = sign(secret).split(".")
    other = sign("x" * 40, sub="u-2").split(".")[1]

    with pytest.raises(errors.TokenSignatureWrong):
        verify(f"{header}.{other}.{signature}")


def test_the_secret_of_another_organisation_proves_nothing(secret: str, orbis: "Organisation") -> None:
    with tenancy.scope(orbis.id):
        token_secrets.create_token_secret(name="Ferries")

        with pytest.raises(errors.TokenSignatureWrong):
            verify(sign(secret))


def test_without_a_secret_no_token_is_accepted(in_acme: "Organisation") -> None:
    with pytest.raises(errors.TokenSecretMissing):
        verify(sign("x" * 40))


# Times and audience -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": AT - 3600, "exp": AT - 59},
        {"iat": AT + 59, "exp": AT + 3600},
        {"nbf": AT + 59},
        {"exp": AT + 24 * 3600},
        {"iat": AT - 0.5, "exp": AT + 10.5},
        {"nbf": None, "aud": None, "email": None, "name": None},
        {"aud": INBOX},
    ],
)
def test_a_clock_may_be_a_minute_wrong(secret: str, claims: dict[str, Any]) -> None:
    assert verify(sign(secret, **claims)).source == "visitor_token"


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iat": AT - 3600, "exp": AT - 60}, errors.TokenExpired),
        ({"iat": AT + 61}, errors.TokenNotYetValid),
        ({"nbf": AT + 61}, errors.TokenNotYetValid),
        ({"exp": AT + 24 * 3600 + 1}, errors.TokenLifetimeRefused),
        ({"exp": AT}, errors.TokenLifetimeRefused),
        ({"exp": None}, errors.TokenLifetimeRefused),
        ({"iat": None}, errors.TokenLifetimeRefused),
        *(
            ({name: value}, errors.TokenClaimsUnreadable)
            for name in ("exp", "iat", "nbf")
            for value in (True, str(AT), -1, 10**300, [AT], {"at": AT}, float("nan"), float("inf"))
        ),
        *(
            ({"aud": value}, errors.TokenAudienceWrong)
            for value in ("", "other", [], ["other"], 7, {INBOX: 1}, [[INBOX]])
        ),
        *(
            ({"sub": value}, errors.TokenClaimsUnreadable)
            for value in (None, "", " u", "u" * 256, 7, ["u"], "u\u202e1", "u\x00", "\ud800")
        ),
        *(
            ({"email": value}, errors.TokenClaimsUnreadable)
            for value in ("", "vera", 7, ["v@example.com"], "v\x00@x.de")
        ),
        *(({"phone": value}, errors.TokenClaimsUnreadable) for value in ("", "020 7946 0018", 442079460018)),
        *(({"name": value}, errors.TokenClaimsUnreadable) for value in ("", "\u200b", "x" * 201, 7, {"first": "V"})),
        ({"locale": "english please"}, errors.TokenClaimsUnreadable),
    ],
)
def test_a_claim_that_cannot_be_used_is_refused(
    secret: str, claims: dict[str, Any], error: type[errors.TokenRejected]
) -> None:
    with pytest.raises(error):
        verify(forge({"alg": "HS256"}, {**GOOD, **claims}, secret.encode()))


def test_the_reason_is_logged_without_a_word_of_the_token(secret: str) -> None:
    token = sign(secret, email="not-an-address-of-vera")

    with capture_logs() as logs, pytest.raises(errors.TokenClaimsUnreadable) as raised:
        verify(token)

    (entry,) = logs
    assert (entry["event"], entry["reason"]) == ("token.rejected", "token.claims")
    assert "email" in entry["message"]
    assert "vera" not in f"{logs}{raised.value.message}"


# Secrets ----------------------------------------------------------------------------------------------------


def test_a_secret_is_stored_sealed_and_shown_once(secret: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM customers_tokensecret")
        stored = bytes(cursor.fetchone()[0])

    row = TokenSecret.objects.get()
    assert secret.encode() not in stored
    assert secret[8:].encode() not in str(row).encode()
    assert (row.secret, row.prefix) == (secret, secret[:8])


def test_a_rotation_never_leaves_visitors_without_a_proof(secret: str) -> None:
    new = token_secrets.create_token_secret(name="Website 2027")
    both = [verify(sign(one)).identities[0].value for one in (secret, new.secret)]
    old = TokenSecret.objects.exclude(id=new.id).get()

    token_secrets.retire_token_secret(secret_id=old.id)

    assert both == ["u-1", "u-1"]
    assert verify(sign(new.secret)).identities[0].value == "u-1"
    with pytest.raises(errors.TokenSignatureWrong):
        verify(sign(secret))


def test_there_are_at_most_three_active_secrets(secret: str) -> None:
    last = [token_secrets.create_token_secret(name=name) for name in ("Two", "Three")][-1]
    with pytest.raises(errors.TooManyTokenSecrets):
        token_secrets.create_token_secret(name="Four")
    token_secrets.retire_token_secret(secret_id=last.id)

    token_secrets.create_token_secret(name="Four")

    assert TokenSecret.objects.filter(retired_at=None).count() == 3


def test_the_database_refuses_a_fourth_secret(secret: str) -> None:
    twin = TokenSecret.objects.get()
    fields = {"organisation_id": twin.organisation_id, "name": "Twin", "secret": "svt_x", "prefix": "svt_x"}

    for slot in (twin.slot, 4):
        with pytest.raises(IntegrityError), transaction.atomic():
            TokenSecret.objects.create(slot=slot, **fields)

    assert TokenSecret.objects.count() == 1


def test_a_secret_is_retired_once(secret: str) -> None:
    row = TokenSecret.objects.get()
    token_secrets.retire_token_secret(secret_id=row.id)

    for secret_id in (row.id, uuid7()):
        with pytest.raises(errors.TokenSecretNotFound):
            token_secrets.retire_token_secret(secret_id=secret_id)


def test_a_website_signs_what_is_accepted(secret: str) -> None:
    token = tokens.sign_token(secret=secret, claims={"sub": "u-1"}, now=NOON, lives=timedelta(minutes=5))

    assert verify(token).identities[0].value == "u-1"
