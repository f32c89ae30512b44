"""What does the environment say? Typed readers that refuse bad values at start, and remember what was asked.

Each reader takes the name, a default and a sentence for docs/settings.md. A value may also come from a file: set
``NAME_FILE`` to its path (secrets mounted by an orchestrator).
"""

import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher.layout import read_urls

BASE_DIR = Path(__file__).resolve().parent.parent
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class BadSetting(SystemExit):
    """A setting is missing or cannot be understood. Ends the program with one line that names it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Setting {name}: {problem}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as documented."""

    name: str
    kind: str
    default: str
    help: str


READ: dict[str, Setting] = {}


def _raw(name: str, kind: str, default: object, help_text: str, *, private: bool = False) -> str | None:
    READ[name] = Setting(name, kind, "" if default is None else str(default), help_text)
    path = os.environ.get(f"{name}_FILE")
    if path:
        return read_file(f"{name}_FILE", Path(path), private=private)
    value = os.environ.get(name, "").strip()
    return value or None


def read_file(name: str, path: Path, *, private: bool) -> str:
    """Return what the setting ``name`` finds in its file; a ``private`` one must be closed to other accounts."""
    try:
        if private and path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise BadSetting(name, f"other accounts may read or change {path}: run `chmod 600 {path}`")
        return path.read_text().strip()
    except OSError as error:
        raise BadSetting(name, f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadSetting(name, f"{path} is not a text file") from None


def text(name: str, default: str = "", *, help: str, pattern: str = "") -> str:
    """Read a text; ``pattern`` is a regular expression that the whole value must match."""
    value = _raw(name, "text", default, help)
    if value is None:
        return default
    if pattern and not re.fullmatch(pattern, value):
        raise BadSetting(name, f"{value!r} does not have the expected form {pattern}")
    return value


def secret(name: str, default: str = "", *, help: str, private: bool = False) -> str:
    """Read a text that is never printed. If ``private``, its file must be closed to other accounts."""
    value = _raw(name, "secret", "", help, private=private)
    return default if value is None else value


def choice(name: str, default: str, options: tuple[str, ...], *, help: str) -> str:
    """Read one of a few words."""
    value = _raw(name, " | ".join(options), default, help) or default
    if value not in options:
        raise BadSetting(name, f"{value!r} is not one of {', '.join(options)}")
    return value


def boolean(name: str, *, default: bool, help: str) -> bool:
    """Read a switch: 1/0, true/false, yes/no, on/off."""
    value = _raw(name, "switch", "on" if default else "off", help)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise BadSetting(name, f"{value!r} is neither on nor off")


def integer(name: str, default: int, *, help: str, minimum: int, maximum: int) -> int:
    """Read a whole number within bounds."""
    value = _raw(name, f"whole number, {minimum} to {maximum}", default, help)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise BadSetting(name, f"{value!r} is not a whole number") from None
    if not minimum <= number <= maximum:
        raise BadSetting(name, f"{number} is not between {minimum} and {maximum}")
    return number


def seconds(name: str, default: float, *, help: str, minimum: float, maximum: float) -> float:
    """Read a duration in seconds within bounds."""
    value = _raw(name, f"seconds, {minimum:g} to {maximum:g}", default, help)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        raise BadSetting(name, f"{value!r} is not a number of seconds") from None
    if not minimum <= number <= maximum:
        raise BadSetting(name, f"{number:g} is not between {minimum:g} and {maximum:g}")
    return number


def words(name: str, default: tuple[str, ...] = (), *, help: str) -> list[str]:
    """Read a list separated by commas."""
    value = _raw(name, "list, separated by commas", ",".join(default), help)
    if value is None:
        return list(default)
    return [word.strip() for word in value.split(",") if word.strip()]


def folder(name: str, default: Path, *, help: str) -> Path:
    """Read a path; relative paths count from the project's root."""
    shown = default.relative_to(BASE_DIR) if default.is_relative_to(BASE_DIR) else default
    value = _raw(name, "folder", shown, help)
    return default if value is None else (BASE_DIR / value).resolve()


def url(name: str, schemes: tuple[str, ...], default: str = "", *, help: str) -> str:
    """Read a URL of one of these schemes."""
    value = _raw(name, f"URL ({', '.join(schemes)})", default, help)
    if value is None:
        return default
    scheme, mark, _ = value.partition("://")
    if not mark or scheme not in schemes:
        raise BadSetting(name, f"the URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return value


def embedded_services(var_dir: Path) -> dict[str, str]:
    """Return the addresses of the launcher's embedded services by name, or an empty dict when none are running."""
    urls = read_urls(var_dir)
    return {} if urls is None else asdict(urls)
