"""How do organisations, members and keys come to be?"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.errors import ApiKeyRejected, UserElsewhere
from apps.accounts.models import ApiKey, Membership, Organisation, User
from apps.accounts.types import ApiKeySecret, BusinessCalendar, Role, Scope
from apps.core import tenancy

# `last_used_at` is written at most once in this long for each key, so that a busy program costs no write per request.
TOUCH_SECONDS = 60
_KEY_FORM = re.compile(r"sb_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@transaction.atomic
def save_organisation(*, slug: str, calendar: BusinessCalendar | None = None, **fields: Any) -> Organisation:
    """Create the organisation called ``slug`` or bring it up to date. Raises Django's ``ValidationError``."""
    organisation = Organisation.objects.filter(slug=slug).first() or Organisation(slug=slug)
    for name, value in fields.items():
        if not hasattr(organisation, name):
            raise TypeError(f"An organisation has no {name}.")
        setattr(organisation, name, value)
    if calendar is not None:
        organisation.calendar_hours = calendar.model_dump(mode="json")
    organisation.full_clean()
    organisation.save()
    return organisation


@transaction.atomic
def save_member(
    *,
    organisation: Organisation,
    email: str,
    name: str,
    role: Role,
    password: str,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> Membership:
    """Create a user with a membership, or bring both up to date.

    A person who is not this organisation's alone can join it as they are: changing them raises ``UserElsewhere``.
    Raises Django's ``ValidationError``.
    """
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name, is_staff=is_staff, is_superuser=is_superuser)
    else:
        _update_user(user, organisation, password, name=name, is_staff=is_staff, is_superuser=is_superuser)
    with tenancy.scope(organisation.id):
        membership, _ = Membership.objects.update_or_create(
            organisation=organisation, user=user, defaults={"role": role.value, "is_active": True}
        )
    return membership


def _update_user(user: User, organisation: Organisation, password: str, **wanted: Any) -> None:
    knows_password = user.check_password(password)
    changed = {field for field, value in wanted.items() if getattr(user, field) != value}
    if knows_password and not changed:
        return
    with tenancy.everywhere("whether a person works elsewhere shows only across organisations"):
        places = set(Membership.everywhere.filter(user=user).values_list("organisation_id", flat=True))
    # A superuser without a place is an operator of the deployment.
    if places - {organisation.id} or (user.is_superuser and not places):
        raise UserElsewhere
    for field in changed:
        setattr(user, field, wanted[field])
    if not knows_password:
        user.set_password(password)
    user.save()


@transaction.atomic
def create_api_key(*, actor: Membership | None, name: str, scopes: list[Scope]) -> ApiKeySecret:
    """Create a key for the organisation in scope and return its secret, which is not kept."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(
        organisation_id=tenancy.current_organisation_id(),
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=[scope.value for scope in scopes],
        created_by=actor,
    )
    key.full_clean()
    key.save()
    return ApiKeySecret(key_id=str(key.id), secret=f"sb_{prefix}_{secret}")


def authenticate_api_key(*, secret: str) -> ApiKey:
    """Return the key that ``secret`` belongs to. Raises ``ApiKeyRejected``."""
    form = _KEY_FORM.fullmatch(secret)
    if form is None:
        raise ApiKeyRejected
    prefix, value = form.groups()
    with tenancy.everywhere("the key is what decides the scope"):
        key = ApiKey.everywhere.select_related("organisation").filter(prefix=prefix, revoked_at=None).first()
    expected = bytes(key.secret_hash) if key is not None else bytes(32)
    matches = hmac.compare_digest(expected, _hash(value))
    if key is None or not matches or not key.organisation.is_active:
        raise ApiKeyRejected
    with tenancy.scope(key.organisation_id):
        _touch(key.id)
    return key


def revoke_api_key(*, key_id: UUID) -> None:
    """Stop a key of the organisation in scope from working, for good."""
    ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=Now())


def _touch(key_id: UUID) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(seconds=TOUCH_SECONDS))
    ApiKey.objects.filter(stale, id=key_id).update(last_used_at=Now())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
