"""Settings are refused when they are bad, at start, in one line; and production refuses what is unsafe."""

import ast
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import env, reference
from tests.architecture import source

STRONG_KEY = "k3y-for-tests-Only-" * 4
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CACHE_URL")
PRODUCTION = {"SWITCHBOARD_ENV": "production", "SECRET_KEY": STRONG_KEY, "ALLOWED_HOSTS": "support.example.org"}
STRICT = {
    "DEBUG": False,
    "DEMO": False,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": None,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "X_FRAME_OPTIONS": "DENY",
    "LOG_FORMAT": "json",
}
READ_SETTINGS = "from django.conf import settings; print(settings.{name})"


def _environment(folder: Path, **wanted: str | None) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    base = {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(folder)}
    return inherited | base | {name: value for name, value in wanted.items() if value is not None}


def _run(environment: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=source.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _read(environment: dict[str, str], name: str = "DEBUG") -> "subprocess.CompletedProcess[str]":
    return _run(environment, "-c", READ_SETTINGS.format(name=name))


def _assert_refused(done: "subprocess.CompletedProcess[str]", name: str) -> None:
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"Setting {name}: ")
    assert done.stdout == ""


# Production ------------------------------------------------------------------------------------------------


def test_production_starts_when_its_settings_are_safe(tmp_path: Path) -> None:
    done = _run(_environment(tmp_path, **PRODUCTION), "-c", "import django; django.setup()")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "1"),
        ("DEMO", "1"),
        ("SECRET_KEY", None),
        ("SECRET_KEY", "too-short-to-be-random"),
        ("SECRET_KEY", "a" * 80),
        ("ALLOWED_HOSTS", "support.example.org,*"),
        ("ALLOWED_HOSTS", ","),
        ("ALLOWED_HOSTS", None),
    ],
)
def test_production_refuses_what_is_unsafe(tmp_path: Path, name: str, value: str | None) -> None:
    done = _run(_environment(tmp_path, **{**PRODUCTION, name: value}), "-c", "import django; django.setup()")

    _assert_refused(done, name)


def test_production_writes_no_key_of_its_own(tmp_path: Path) -> None:
    _read(_environment(tmp_path, **{**PRODUCTION, "SECRET_KEY": None}))

    assert list(tmp_path.iterdir()) == []


def test_a_refused_key_is_not_shown(tmp_path: Path) -> None:
    done = _read(_environment(tmp_path, **{**PRODUCTION, "SECRET_KEY": "hunter2-hunter2"}))

    _assert_refused(done, "SECRET_KEY")
    assert "hunter2" not in done.stderr


def test_djangos_own_check_for_deployments_finds_nothing(tmp_path: Path) -> None:
    services = {name: os.environ[name] for name in SERVICES}

    done = _run(
        _environment(tmp_path, **PRODUCTION, **services), "manage.py", "check", "--deploy", "--fail-level", "WARNING"
    )

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert done.stderr == ""


def test_production_is_strict_unless_told_otherwise(tmp_path: Path) -> None:
    names = ", ".join(f"settings.{name}" for name in STRICT)
    command = f"import json; from django.conf import settings; print(json.dumps([{names}]))"

    done = _run(_environment(tmp_path, **PRODUCTION), "-c", command)

    assert dict(zip(STRICT, json.loads(done.stdout), strict=True)) == STRICT


def test_the_word_of_a_proxy_counts_only_where_there_is_one(tmp_path: Path) -> None:
    given = _environment(tmp_path, **PRODUCTION, BEHIND_TLS_PROXY="yes")

    done = _read(given, "SECURE_PROXY_SSL_HEADER")

    assert done.stdout.strip() == "('HTTP_X_FORWARDED_PROTO', 'https')"


# Bad values ------------------------------------------------------------------------------------------------


def _read_here(kind: str) -> object:
    readers: dict[str, Callable[[], object]] = {
        "switch": lambda: env.boolean("GIVEN", default=False, help="A switch."),
        "number": lambda: env.integer("GIVEN", 3, minimum=1, maximum=200, help="A number."),
        "seconds": lambda: env.seconds("GIVEN", 3, minimum=0.5, maximum=600, help="A time."),
        "word": lambda: env.choice("GIVEN", "red", ("red", "green"), help="A colour."),
        "text": lambda: env.text("GIVEN", help="Letters.", pattern="[a-z]+"),
        "url": lambda: env.url("GIVEN", ("redis", "unix"), help="An address."),
        "list": lambda: env.words("GIVEN", help="Words."),
        "folder": lambda: env.folder("GIVEN", env.BASE_DIR / "var", help="A folder."),
    }
    return readers[kind]()


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Keep what these tests read out of the record of settings."""
    monkeypatch.setattr(env, "READ", {})
    return monkeypatch


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("switch", value) for value in ("perhaps", "2", "truefalse")),
        *(("number", value) for value in ("many", "0", "201", "1.5", "1e2", "0x10")),
        *(("seconds", value) for value in ("soon", "0", "-1", "601", "nan", "inf")),
        *(("word", value) for value in ("blue", "RED", "red,green")),
        *(("text", value) for value in ("Abc", "abc1", "abc abc")),
        *(("url", value) for value in ("http://broker.example", "broker.example:6379", "redis", "//broker")),
    ],
)
def test_a_value_that_cannot_be_understood_is_refused(apart: pytest.MonkeyPatch, kind: str, value: str) -> None:
    apart.setenv("GIVEN", value)

    with pytest.raises(env.BadSetting, match=r"^Setting GIVEN: "):
        _read_here(kind)


@pytest.mark.parametrize(
    ("kind", "value", "understood"),
    [
        *(("switch", value, True) for value in ("1", "true", "YES", " on ")),
        *(("switch", value, False) for value in ("0", "False", "no", "OFF", "", "  ")),
        ("number", "200", 200),
        ("number", " 7 ", 7),
        ("number", "", 3),
        ("seconds", "0.5", 0.5),
        ("seconds", "600", 600.0),
        ("word", "green", "green"),
        ("word", "", "red"),
        ("text", "abc", "abc"),
        ("url", "unix:///run/broker.sock?db=0", "unix:///run/broker.sock?db=0"),
        ("list", "a, b,,c ,", ["a", "b", "c"]),
        ("list", "", []),
        ("folder", "/srv/data", Path("/srv/data")),
        ("folder", "data", env.BASE_DIR / "data"),
    ],
)
def test_a_value_is_understood(apart: pytest.MonkeyPatch, kind: str, value: str, understood: object) -> None:
    apart.setenv("GIVEN", value)

    assert _read_here(kind) == understood


def test_a_bad_value_ends_the_start_in_one_line(tmp_path: Path) -> None:
    _assert_refused(_read(_environment(tmp_path, DATABASE_POOL_SIZE="many")), "DATABASE_POOL_SIZE")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"LLM_BASE_URL": "http://models.example/v1"}, "LLM_MODEL"),
        ({"KNOWLEDGE_ENCODER": "endpoint"}, "EMBEDDINGS_BASE_URL"),
    ],
)
def test_a_setting_that_needs_another_names_it(tmp_path: Path, given: dict[str, str], missing: str) -> None:
    _assert_refused(_read(_environment(tmp_path, **given)), missing)


def test_a_refused_address_does_not_show_its_password(tmp_path: Path) -> None:
    done = _read(_environment(tmp_path, DATABASE_URL="mysql://app:hunter2@db.example/switchboard"))

    _assert_refused(done, "DATABASE_URL")
    assert "hunter2" not in done.stderr


# Files -----------------------------------------------------------------------------------------------------


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{STRONG_KEY}\n")
    given = {**PRODUCTION, "SECRET_KEY": None, "SECRET_KEY_FILE": str(tmp_path / "key")}

    assert _read(_environment(tmp_path, **given), "SECRET_KEY").stdout.strip() == STRONG_KEY


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    given = {**PRODUCTION, "SECRET_KEY": None, "SECRET_KEY_FILE": str(tmp_path / "nowhere")}

    _assert_refused(_read(_environment(tmp_path, **given)), "SECRET_KEY_FILE")


def test_a_laptop_makes_one_key_for_all_its_processes_and_keeps_it_to_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READ_SETTINGS.format(name="SECRET_KEY")]
    starts = [
        subprocess.Popen(
            command, cwd=source.ROOT, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]

    keys = {start.communicate(timeout=60)[0].decode().strip() for start in starts}

    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


# Documentation ---------------------------------------------------------------------------------------------


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    page = source.read(source.ROOT / "docs" / "settings.md")
    documented = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}

    assert documented == {setting.name for setting in reference.list_settings()}


def test_what_this_process_has_read_is_documented() -> None:
    assert set(env.READ) <= {setting.name for setting in reference.list_settings()}


def test_every_setting_says_what_it_does_in_a_sentence() -> None:
    silent = [setting.name for setting in reference.list_settings() if not setting.help.endswith(".")]

    assert silent == []


def test_the_environment_is_read_in_one_place_only() -> None:
    readers = {
        f"{source.show(path)}:{node.lineno}"
        for path in source.list_modules("apps", "config", "worker")
        if path != source.ROOT / "config" / "env.py"
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and ast.unparse(node.value) == "os"
        if ".setdefault(" not in source.read(path).splitlines()[node.lineno - 1]
    }

    assert readers == set()
