"""Root keys are looked at before anything starts: malformed, missing and wrong ones end it in one line."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command

from apps.vault.errors import RootKeyMissing, RootKeyWrong, VaultUnavailable
from apps.vault.models import DataKey, RootKey
from apps.vault.services import caching, roots
from apps.vault.services import keys as vault_keys
from tests.environment import ROOT
from tests.vault.letters import Letter

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
in_database = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


def _written(number: int, key: bytes) -> str:
    return f"{number}:{base64.b64encode(key).decode()}"


# Their form ------------------------------------------------------------------------------------------------


def _read(folder: Path, **given: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(folder), **given}
    command = "from django.conf import settings; print(list(settings.VAULT_ROOT_KEYS), len(set(settings.CHANNEL_KEYS)))"
    return subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (_written(1, OLD), "[1] 1"),
        (f"{_written(12, NEW)},{_written(3, OLD)}", "[12, 3] 2"),
        (f" {_written(2, NEW)} ,\n{_written(1, OLD)},\n", "[2, 1] 2"),
        ("", "[] 1"),
    ],
)
def test_root_keys_are_read_in_their_order(tmp_path: Path, given: str, shown: str) -> None:
    assert _read(tmp_path, VAULT_ROOT_KEYS=given).stdout.strip() == shown


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("hunter2", "entry 1 is not of the form"),
        (base64.b64encode(OLD).decode(), "entry 1 is not of the form"),
        (f"x:{base64.b64encode(OLD).decode()}", "entry 1 is not of the form"),
        (f"0:{base64.b64encode(OLD).decode()}", "entry 1 is not of the form"),
        ("1:", "it has 0 bytes"),
        ("1:hunter2", "it is no base64"),
        ("1:hunter2!", "it is no base64"),
        (_written(1, OLD[:31]), "it has 31 bytes"),
        (_written(1, OLD + b"x"), "it has 33 bytes"),
        (_written(1, bytes(32)), "entry 1 is not random"),
        (f"{_written(1, OLD)},{_written(1, NEW)}", "number 1 is there twice"),
        (f"{_written(2, OLD)},1:hunter2", "entry 2 is not of the form"),
    ],
)
def test_bad_root_keys_are_refused_in_one_line_that_shows_none_of_them(
    tmp_path: Path, given: str, problem: str
) -> None:
    done = _read(tmp_path, VAULT_ROOT_KEYS=given)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Setting VAULT_ROOT_KEYS: ")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr
    assert base64.b64encode(OLD).decode()[:12] not in done.stderr


def test_root_keys_may_come_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{_written(2, NEW)}\n{_written(1, OLD)}\n")
    path.chmod(0o600)

    assert _read(tmp_path, VAULT_ROOT_KEYS_FILE=str(path)).stdout.strip() == "[2, 1] 2"


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644])
def test_a_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    path.write_text(_written(1, OLD))
    path.chmod(mode)

    done = _read(tmp_path, VAULT_ROOT_KEYS_FILE=str(path))

    assert (done.returncode, done.stdout) == (1, "")
    problem = f"other accounts may read or change {path}: run `chmod 600 {path}`"
    assert done.stderr == f"Setting VAULT_ROOT_KEYS_FILE: {problem}\n"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)

    done = _read(tmp_path, VAULT_ROOT_KEYS_FILE=str(path))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Setting VAULT_ROOT_KEYS_FILE: ")


def test_the_embedded_file_counts_when_nothing_is_given(tmp_path: Path) -> None:
    (tmp_path / "keyvault").mkdir()
    (tmp_path / "keyvault" / "root-keys").write_text(_written(1, OLD))
    (tmp_path / "keyvault" / "root-keys").chmod(0o600)

    assert _read(tmp_path).stdout.strip() == "[1] 1"
    assert _read(tmp_path, VAULT_ROOT_KEYS=_written(5, NEW)).stdout.strip() == "[5] 1"


def test_a_fresh_root_key_comes_with_the_next_number_and_can_be_used(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.VAULT_ROOT_KEYS = {7: NEW, 3: OLD}

    call_command("make_root_key")
    call_command("make_root_key")

    shown = capsys.readouterr()
    first, second = shown.out.split()
    assert first != second
    assert first.startswith("8:")
    assert len(base64.b64decode(first.removeprefix("8:"), validate=True)) == 32
    assert "rotate_keys" in shown.err


# Whether they are the right ones ---------------------------------------------------------------------------


@in_database
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, RootKeyMissing),
        ({2: NEW}, RootKeyMissing),
        ({1: NEW}, RootKeyWrong),
        ({2: NEW, 1: NEW}, RootKeyWrong),
    ],
)
def test_a_root_key_that_is_missing_or_wrong_is_found(
    alpha: UUID, settings: Any, given: dict[int, bytes], error: type[Exception]
) -> None:
    vault_keys.get_key(owner_id=uuid4())
    settings.VAULT_ROOT_KEYS = given

    with pytest.raises(error):
        roots.check_root_keys()

    refusal = roots.find_refusal()
    assert refusal.startswith("Setting VAULT_ROOT_KEYS: ")
    assert "\n" not in refusal


@in_database
@pytest.mark.parametrize("given", [{1: OLD}, {2: NEW, 1: OLD}, {1: OLD, 2: NEW}])
def test_the_right_root_keys_are_accepted(alpha: UUID, settings: Any, given: dict[int, bytes]) -> None:
    vault_keys.get_key(owner_id=uuid4())
    settings.VAULT_ROOT_KEYS = given

    assert roots.find_refusal() == ""


@in_database
def test_a_root_key_that_wraps_nothing_any_more_may_go(alpha: UUID, settings: Any) -> None:
    owner_id = uuid4()
    vault_keys.get_key(owner_id=owner_id)
    vault_keys.shred_keys(owner_ids=[owner_id])
    settings.VAULT_ROOT_KEYS = {2: NEW}

    assert roots.find_refusal() == ""


@in_database
def test_a_wrong_root_key_wraps_no_new_key(alpha: UUID, settings: Any) -> None:
    vault_keys.get_key(owner_id=uuid4())
    settings.VAULT_ROOT_KEYS = {1: NEW}

    with pytest.raises(RootKeyWrong):
        vault_keys.get_key(owner_id=uuid4())

    assert DataKey.objects.count() == 1
    assert bytes(RootKey.objects.get().check_value) != NEW


@in_database
def test_a_key_under_a_root_key_that_is_gone_is_named(alpha: UUID, settings: Any) -> None:
    key = vault_keys.get_key(owner_id=uuid4())
    caching.cache.clear()
    settings.VAULT_ROOT_KEYS = {2: NEW}

    with pytest.raises(RootKeyMissing, match="Root key 1 is not set"):
        vault_keys.open_key(key.id)


@in_database
@pytest.mark.usefixtures("letters")
def test_a_vault_that_has_none_of_the_datas_keys_is_refused(alpha: UUID) -> None:
    oldest = Letter.objects.create(organisation_id=alpha, body="x")
    assert roots.find_refusal() == ""

    DataKey.objects.all().delete()

    assert roots.find_refusal() == (
        "Setting KEYVAULT_DATABASE_URL: this vault has none of the keys of the data;"
        " name the one that has them (docs/how-to/keys.md)."
    )
    # A vault from a backup lacks the newest keys, and is the right one.
    Letter.objects.filter(id=oldest.id).delete()
    kept = Letter.objects.create(organisation_id=alpha, body="x")
    lost = Letter.objects.create(organisation_id=alpha, body="y")
    DataKey.objects.filter(owner_id=lost.writer_id).delete()
    assert (DataKey.objects.filter(owner_id=kept.writer_id).count(), roots.find_refusal()) == (1, "")


@in_database
@pytest.mark.usefixtures("letters")
def test_to_people_a_missing_root_key_is_a_vault_that_is_away(alpha: UUID, settings: Any) -> None:
    letter = Letter.objects.create(organisation_id=alpha, body="x")
    caching.cache.clear()
    settings.VAULT_ROOT_KEYS = {2: NEW}

    with pytest.raises(VaultUnavailable) as raised:
        _ = Letter.objects.get(id=letter.id).body

    assert raised.value.message == VaultUnavailable.default_message
    assert "VAULT_ROOT_KEYS" in str(raised.value)


@in_database
def test_a_suite_without_a_vault_is_refused(settings: Any) -> None:
    settings.KEYVAULT_IS_GIVEN = False

    assert roots.find_refusal().startswith("Setting KEYVAULT_DATABASE_URL: ")


@committing
def test_a_vault_that_is_away_keeps_the_suite_from_starting_only_without_any_root_key(
    keyvault_away: Callable[[], None], settings: Any
) -> None:
    keyvault_away()

    assert roots.find_refusal() == ""
    settings.VAULT_ROOT_KEYS = {}
    assert roots.find_refusal().startswith("Setting VAULT_ROOT_KEYS: none is set")


@in_database
def test_a_fresh_vault_without_any_root_key_is_refused_with_how_to_make_one(settings: Any) -> None:
    settings.VAULT_ROOT_KEYS = {}

    assert "manage.py make_root_key" in roots.find_refusal()


@committing
@pytest.mark.parametrize(
    "command",
    [
        ["-m", "config.web", "--port", "0", "config.asgi:application"],
        ["-m", "celery", "--quiet", "-A", "worker.celery", "worker", "--queues", "ai", "--pool", "threads"],
        ["-m", "celery", "--quiet", "-A", "worker.celery", "beat", "--schedule", "FOLDER/beat", "--pidfile="],
    ],
    ids=["web", "worker", "beat"],
)
@pytest.mark.parametrize(
    ("given", "problem"),
    [(_written(2, NEW), "Root key 1 is not set"), (_written(1, NEW), "Root key 1 is not the one that wrapped")],
    ids=["missing", "wrong"],
)
def test_nothing_starts_with_root_keys_that_do_not_open_the_vault(
    alpha: UUID,
    tmp_path: Path,
    command: list[str],
    given: str,
    problem: str,
    command_environment: Callable[[str], dict[str, str]],
) -> None:
    vault_keys.get_key(owner_id=uuid4())

    done = subprocess.run(
        [sys.executable, *(part.replace("FOLDER", str(tmp_path)) for part in command)],
        cwd=ROOT,
        env=command_environment(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == os.EX_CONFIG
    # The last: Celery may have something to say about who runs it.
    assert done.stderr.splitlines()[-1].startswith(f"Setting VAULT_ROOT_KEYS: {problem}")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
