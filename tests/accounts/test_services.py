"""How organisations, members and keys come to be."""

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.accounts import policies, services
from apps.accounts.errors import ApiKeyRejected, ScopeMissing, UserElsewhere
from apps.accounts.models import ApiKey, Membership, Organisation, User
from apps.accounts.types import BusinessCalendar, Role, Scope
from apps.core import tenancy

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.accounts.types import ApiKeySecret

READ = [Scope.CONVERSATIONS_READ]


@pytest.fixture
def key(in_acme: Organisation) -> "ApiKeySecret":
    """Return a key of acme."""
    return services.create_api_key(actor=None, name="Reporting", scopes=READ)


# Organisations ---------------------------------------------------------------------------------------------


def test_an_organisation_is_created_once_and_then_brought_up_to_date(db: None) -> None:
    first = services.save_organisation(slug="acme", name="Acme")

    second = services.save_organisation(slug="acme", name="Acme Rail", greeting="Hello.")

    assert second.id == first.id
    stored = Organisation.objects.get()
    assert (stored.name, stored.greeting) == ("Acme Rail", "Hello.")


def test_an_organisation_without_hours_is_never_open(acme: Organisation) -> None:
    stored = Organisation.objects.get(id=acme.id)

    assert stored.calendar == BusinessCalendar()


def test_a_calendar_is_stored_and_stays_when_it_is_not_mentioned(acme: Organisation) -> None:
    calendar = BusinessCalendar(timezone="Europe/Berlin")
    services.save_organisation(slug="acme", calendar=calendar)

    services.save_organisation(slug="acme", name="Acme Rail & Sea")

    assert Organisation.objects.get(id=acme.id).calendar == calendar


@pytest.mark.parametrize(
    "fields", [{"slug": "not a slug"}, {"slug": "a" * 41}, {"slug": ""}, {"slug": "new", "name": ""}]
)
def test_an_organisation_that_breaks_a_limit_is_refused(db: None, fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        services.save_organisation(**{"name": "Acme", **fields})  # type: ignore[arg-type]

    assert Organisation.objects.count() == 0


def test_a_field_an_organisation_does_not_have_is_refused(db: None) -> None:
    with pytest.raises(TypeError):
        services.save_organisation(slug="acme", name="Acme", greting="Hello.")

    assert Organisation.objects.count() == 0


# Members ---------------------------------------------------------------------------------------------------


def _save_ana(organisation: Organisation, role: Role = Role.AGENT, **changes: Any) -> Membership:
    fields = {"email": "ana@acme.example", "name": "Ana", "password": "correct horse battery", **changes}
    return services.save_member(organisation=organisation, role=role, **fields)


def test_saving_a_member_twice_makes_one_person_with_one_membership(acme: Organisation) -> None:
    first = _save_ana(acme)

    second = _save_ana(acme, Role.ADMIN, name="Ana Lima")

    assert second.id == first.id
    assert User.objects.get().name == "Ana Lima"
    with tenancy.scope(acme.id):
        assert Membership.objects.get().role == "admin"


def test_a_member_is_found_again_whatever_the_case_of_the_address(acme: Organisation) -> None:
    first = _save_ana(acme, email="Ana@Acme.Example")

    second = _save_ana(acme, email="ANA@acme.example")

    assert second.id == first.id
    assert User.objects.get().email == "ana@acme.example"


def test_saving_a_member_again_keeps_their_password_hash(acme: Organisation) -> None:
    # A changed hash signs everybody out; a seed that runs at every start must not.
    _save_ana(acme)
    before = User.objects.get().password

    _save_ana(acme)

    assert User.objects.get().password == before


def test_a_new_password_replaces_the_old_one(acme: Organisation) -> None:
    _save_ana(acme)

    _save_ana(acme, password="another long phrase")

    user = User.objects.get()
    assert user.check_password("another long phrase")
    assert not user.check_password("correct horse battery")


def test_a_password_is_never_stored_as_it_is(acme: Organisation) -> None:
    _save_ana(acme)

    assert "correct horse battery" not in User.objects.get().password


def test_one_person_may_work_for_two_organisations(acme: Organisation, orbis: Organisation) -> None:
    first, second = _save_ana(acme), _save_ana(orbis, Role.ADMIN)

    assert first.user_id == second.user_id
    assert {first.organisation_id, second.organisation_id} == {acme.id, orbis.id}
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "changes", [{"name": "Anna"}, {"password": "another battery staple"}, {"is_superuser": True}, {"is_staff": True}]
)
def test_a_person_of_another_organisation_joins_as_they_are_or_not_at_all(
    acme: Organisation, orbis: Organisation, changes: dict[str, Any]
) -> None:
    ana = _save_ana(acme)
    before = User.objects.values().get(id=ana.user_id)

    with pytest.raises(UserElsewhere):
        _save_ana(orbis, Role.OWNER, **changes)

    assert User.objects.values().get(id=ana.user_id) == before
    with tenancy.scope(orbis.id):
        assert Membership.objects.count() == 0


def test_an_operator_of_the_deployment_is_not_demoted_by_an_organisation(acme: Organisation) -> None:
    operator = User.objects.create_superuser("ana@acme.example", "a different password", name="Operator")
    before = User.objects.values().get(id=operator.id)

    with pytest.raises(UserElsewhere):
        _save_ana(acme)

    assert User.objects.values().get(id=operator.id) == before


def test_the_command_says_so_when_the_owner_belongs_to_another_organisation(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save_ana(acme)
    monkeypatch.setattr("sys.stdin", io.StringIO("Kettle-4711-umbrella\n"))

    with pytest.raises(CommandError, match="outside this organisation"):
        call_command(
            "create_organisation",
            slug="other",
            name="Other",
            owner_email="ana@acme.example",
            owner_name="Ana",
            password_stdin=True,
        )

    assert Organisation.objects.filter(slug="other").count() == 0


def test_a_bad_address_is_refused_and_nobody_is_created(acme: Organisation) -> None:
    with pytest.raises(ValidationError):
        _save_ana(acme, email="not an address")

    assert User.objects.count() == 0


def test_two_people_cannot_share_an_address_that_differs_in_case(acme: Organisation) -> None:
    _save_ana(acme)

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ANA@ACME.EXAMPLE", name="Another")

    assert User.objects.count() == 1


def test_a_role_that_does_not_exist_is_refused_by_the_database(ana: Membership) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), tenancy.scope(ana.organisation_id):
        Membership.objects.update(role="emperor")

    with tenancy.scope(ana.organisation_id):
        assert Membership.objects.get().role == "agent"


# Keys ------------------------------------------------------------------------------------------------------


def test_a_key_opens_its_organisation(key: "ApiKeySecret", in_acme: Organisation) -> None:
    found = services.authenticate_api_key(secret=key.secret)

    assert str(found.id) == key.key_id
    assert found.organisation_id == in_acme.id
    assert found.scopes == ["conversations:read"]


def test_the_secret_of_a_key_is_not_kept(key: "ApiKeySecret") -> None:
    stored = ApiKey.objects.get()
    _, prefix, value = key.secret.split("_", 2)

    assert stored.prefix == prefix
    assert len(bytes(stored.secret_hash)) == 32
    assert value.encode() not in bytes(stored.secret_hash)
    assert len(value) >= 43


def test_two_keys_have_nothing_in_common(key: "ApiKeySecret") -> None:
    other = services.create_api_key(actor=None, name="Another", scopes=READ)

    assert key.secret.split("_")[1] != other.secret.split("_")[1]
    assert key.secret.split("_", 2)[2] != other.secret.split("_", 2)[2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda secret: "",
        lambda secret: "sb_",
        lambda secret: "sb__",
        lambda secret: secret[:-1],
        lambda secret: secret + "A",
        lambda secret: secret.upper(),
        lambda secret: secret.replace("sb_", "sx_", 1),
        lambda secret: secret.replace("sb_", "", 1),
        lambda secret: f"sb_000000000000_{secret.split('_', 2)[2]}",
        lambda secret: f"sb_{secret.split('_', 2)[1]}_",
        lambda secret: f"sb_{secret.split('_', 2)[1]}\x00_{secret.split('_', 2)[2]}",
        lambda secret: f"sb_\x00_{secret.split('_', 2)[2]}",
        lambda secret: f"sb_{'9' * 5000}_x",
        lambda secret: "sb_ключ_ключ",
        lambda secret: "sb_x_\ud83d",
    ],
)
def test_a_damaged_key_opens_nothing(key: "ApiKeySecret", damage: "Callable[[str], str]") -> None:
    with pytest.raises(ApiKeyRejected):
        services.authenticate_api_key(secret=damage(key.secret))

    assert ApiKey.objects.get().last_used_at is None


def test_a_revoked_key_opens_nothing(key: "ApiKeySecret") -> None:
    stored = ApiKey.objects.get()

    services.revoke_api_key(key_id=stored.id)

    with pytest.raises(ApiKeyRejected):
        services.authenticate_api_key(secret=key.secret)


def test_revoking_again_keeps_the_first_time(key: "ApiKeySecret") -> None:
    stored = ApiKey.objects.get()
    services.revoke_api_key(key_id=stored.id)
    first = ApiKey.objects.get().revoked_at

    services.revoke_api_key(key_id=stored.id)

    assert ApiKey.objects.get().revoked_at == first


def test_a_key_of_another_organisation_cannot_be_revoked(key: "ApiKeySecret", orbis: Organisation) -> None:
    key_id = ApiKey.objects.get().id

    with tenancy.scope(orbis.id):
        services.revoke_api_key(key_id=key_id)

    assert ApiKey.objects.get().revoked_at is None


def test_the_keys_of_an_organisation_that_is_switched_off_open_nothing(
    key: "ApiKeySecret", in_acme: Organisation
) -> None:
    Organisation.objects.filter(id=in_acme.id).update(is_active=False)

    with pytest.raises(ApiKeyRejected):
        services.authenticate_api_key(secret=key.secret)

    assert ApiKey.objects.get().last_used_at is None


def test_use_is_noted_at_most_once_a_minute(key: "ApiKeySecret") -> None:
    services.authenticate_api_key(secret=key.secret)
    first = ApiKey.objects.get().last_used_at

    services.authenticate_api_key(secret=key.secret)

    assert first is not None
    assert ApiKey.objects.get().last_used_at == first


def test_use_after_more_than_a_minute_is_noted_again(key: "ApiKeySecret") -> None:
    services.authenticate_api_key(secret=key.secret)
    ApiKey.objects.update(last_used_at=Now() - timedelta(seconds=61))
    old = ApiKey.objects.get().last_used_at

    services.authenticate_api_key(secret=key.secret)

    new = ApiKey.objects.get().last_used_at
    assert old is not None
    assert new is not None
    assert new - old > timedelta(seconds=60)


@pytest.mark.parametrize("scopes", [[], READ, list(Scope)])
def test_a_key_may_do_what_its_scopes_say(in_acme: Organisation, scopes: list[Scope]) -> None:
    made = services.create_api_key(actor=None, name="Reporting", scopes=scopes or READ)
    found = services.authenticate_api_key(secret=made.secret)

    assert policies.access_by_key(found, Scope.CONVERSATIONS_READ) == in_acme.id


def test_a_key_without_the_scope_is_refused(key: "ApiKeySecret") -> None:
    found = services.authenticate_api_key(secret=key.secret)

    with pytest.raises(ScopeMissing, match="knowledge:read"):
        policies.access_by_key(found, Scope.KNOWLEDGE_READ)


def test_no_key_is_refused() -> None:
    with pytest.raises(ApiKeyRejected):
        policies.access_by_key(None, Scope.KNOWLEDGE_READ)


def test_a_key_remembers_who_made_it(in_acme: Organisation, adam: Membership) -> None:
    services.create_api_key(actor=adam, name="Reporting", scopes=READ)

    assert ApiKey.objects.get().created_by_id == adam.id


def test_the_command_prints_a_key_that_works(acme: Organisation, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", org="acme", name="Reporting", scope=["conversations:read"])

    found = services.authenticate_api_key(secret=capsys.readouterr().out.strip())
    assert (found.name, found.organisation_id) == ("Reporting", acme.id)


def test_the_command_names_an_organisation_that_does_not_exist(db: None) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("create_api_key", org="nowhere", name="Reporting", scope=["conversations:read"])

    with tenancy.everywhere("there must be none in any organisation"):
        assert ApiKey.everywhere.count() == 0
