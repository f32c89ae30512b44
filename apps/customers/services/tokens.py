"""Is this visitor who the website says they are?

A visitor token is a JWT (RFC 7519) that the website's server signs with one of the organisation's secrets. HS256 and
nothing else: a token that chooses its own algorithm chooses its own proof (RFC 8725, section 3.1).
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
import structlog
from prometheus_client import Counter

from apps.core import errors
from apps.customers import selectors
from apps.customers.errors import (
    TokenAlgorithmRefused,
    TokenAudienceWrong,
    TokenClaimsUnreadable,
    TokenExpired,
    TokenLifetimeRefused,
    TokenMalformed,
    TokenNotYetValid,
    TokenRejected,
    TokenSecretMissing,
    TokenSignatureWrong,
    TokenTooLarge,
)
from apps.customers.services import canonical
from apps.customers.types import CanonicalIdentity, IdentityKind, Introduction, Level
from apps.vault.services import keys as vault_keys

logger = structlog.get_logger(__name__)

SOURCE = "visitor_token"
ALGORITHM = "HS256"
LONGEST = 4096
LIVES_AT_MOST = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=60)
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
# Only the signature is the library's to check; times and audience are checked below, against the clock we are given.
_OPTIONS: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
# The second name is OpenID Connect's.
_ADDRESSES = (
    (IdentityKind.EMAIL, ("email",), ("email_verified",)),
    (IdentityKind.PHONE, ("phone", "phone_number"), ("phone_verified", "phone_number_verified")),
)
_FACTS = ("name", "locale")
_LAST_MOMENT = 2**40

TOKENS = Counter("switchboard_visitor_tokens", "Visitor tokens shown, by what became of them.", ["result"])


def verify_token(*, token: str, audiences: Collection[str], now: datetime) -> Introduction:
    """Return what a token of the organisation in scope says about its visitor.

    Raises a ``TokenRejected`` that says what is wrong; the reason is counted and logged, without any value of it.
    """
    try:
        introduction = _read(_check_signature(token), audiences, now.timestamp())
    except TokenRejected as error:
        TOKENS.labels(error.code).inc()
        logger.warning("token.rejected", reason=error.code, message=error.message)
        raise
    TOKENS.labels("accepted").inc()
    return introduction


def sign_token(*, secret: str, claims: Mapping[str, Any], now: datetime, lives: timedelta = LIVES_AT_MOST) -> str:
    """Return a visitor token, as a website's server makes it."""
    times = {"iat": int(now.timestamp()), "exp": int((now + lives).timestamp())}
    return jwt.encode({**times, **claims}, secret, algorithm=ALGORITHM)


def _check_signature(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST:
        raise TokenTooLarge
    if not _FORM.fullmatch(token):
        raise TokenMalformed
    try:
        if jwt.get_unverified_header(token).get("alg") != ALGORITHM:
            raise TokenAlgorithmRefused
        return _open(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        # ValueError: a number of thousands of digits. RecursionError: thousands of brackets within brackets.
        raise TokenMalformed from None


def _open(token: str) -> Mapping[str, Any]:
    secrets = selectors.list_token_secrets()
    if not secrets:
        raise TokenSecretMissing
    vault_keys.load_keys_of(secrets)
    for secret in secrets:
        try:
            claims: Mapping[str, Any] = jwt.decode(token, secret.secret, algorithms=[ALGORITHM], options=_OPTIONS)
        except jwt.InvalidSignatureError:
            continue
        return claims
    raise TokenSignatureWrong


def _read(claims: Mapping[str, Any], audiences: Collection[str], now: float) -> Introduction:
    _check_times(claims, now)
    _check_audience(claims, audiences)
    identities = [_identity("sub", IdentityKind.EXTERNAL_ID, _text(claims, "sub"), Level.VERIFIED)]
    for kind, names, proofs in _ADDRESSES:
        name = next((one for one in names if claims.get(one) is not None), None)
        if name is not None:
            is_proven = any(claims.get(proof) is True for proof in proofs)
            level = Level.VERIFIED if is_proven else Level.CLAIMED
            identities.append(_identity(name, kind, _text(claims, name), level))
    facts = [_fact(name, _text(claims, name)) for name in _FACTS if claims.get(name) is not None]
    return Introduction(SOURCE, tuple(identities), tuple(facts))


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    begins = issued if claims.get("nbf") is None else _moment(claims, "nbf")
    skew = CLOCK_SKEW.total_seconds()
    if not 0 < expires - issued <= LIVES_AT_MOST.total_seconds():
        raise TokenLifetimeRefused
    if max(issued, begins) > now + skew:
        raise TokenNotYetValid
    if expires <= now - skew:
        raise TokenExpired


def _check_audience(claims: Mapping[str, Any], audiences: Collection[str]) -> None:
    audience = claims.get("aud")
    if audience is None:
        return
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in audiences for one in named):
        raise TokenAudienceWrong


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if value is None:
        raise TokenLifetimeRefused
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unusable(name)
    # JSON's numbers include some that no clock shows: NaN, which is unequal to itself, and thousands of digits.
    if not 0 <= value <= _LAST_MOMENT:
        raise _unusable(name)
    return float(value)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise _unusable(name)
    return value


def _identity(name: str, kind: IdentityKind, value: str, level: Level) -> CanonicalIdentity:
    try:
        return canonical.make_identity(kind, value, level)
    except errors.Invalid as error:
        raise _unusable(name, error.message) from None


def _fact(name: str, value: str) -> tuple[str, str]:
    try:
        return canonical.make_fact(name, value)
    except errors.Invalid as error:
        raise _unusable(name, error.message) from None


def _unusable(name: str, why: str = "") -> TokenClaimsUnreadable:
    # Names the claim, never its value.
    return TokenClaimsUnreadable(f"The claim {name} of this visitor token cannot be used. {why}".strip())
