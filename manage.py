#!/usr/bin/env python
"""Runs the suite's commands. Without databases of one's own, the embedded ones are used, and started if need be."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

# These neither read nor write a database.
WITHOUT_SERVICES = frozenset(
    {
        "build_encoder",
        "collectstatic",
        "docs",
        "help",
        "make_root_key",
        "makemigrations",
        "version",
        "--help",
        "--version",
    }
)


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with ExitStack() as stack:
        command = sys.argv[1] if len(sys.argv) > 1 else "help"
        if command not in WITHOUT_SERVICES and not {"DATABASE_URL", "REDIS_URL"} & os.environ.keys():
            _use_embedded_services(stack)
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


def _use_embedded_services(stack: ExitStack) -> None:
    from launcher.embedded import running
    from launcher.errors import LauncherError

    folder = Path(os.environ.get("VAR_DIR", Path(__file__).resolve().parent / "var"))
    try:
        stack.enter_context(running(folder))
    except LauncherError as error:
        raise SystemExit(f"{error}") from None


if __name__ == "__main__":
    main()
