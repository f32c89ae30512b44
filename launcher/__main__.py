"""What does `python -m launcher …` offer?"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from launcher import check, control, wheels
from launcher.errors import BadSetting, LauncherError
from launcher.layout import PROJECT
from launcher.lock import lock
from launcher.session import UpOptions
from launcher.up import up


def main() -> int:
    """Runs one command; anticipated failures are one line on stderr and exit status 1."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    options = _parser().parse_args()
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except LauncherError as error:
        print(f"switchboard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _end(received: int, _frame: FrameType | None) -> None:
    """Unwinds like Ctrl-C, so that everything started so far is stopped."""
    raise SystemExit(128 + received)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m launcher", description="Runs Switchboard on this machine.")
    parser.add_argument("--var", type=Path, default=_default_folder(), help="data folder (VAR_DIR; default: var)")
    commands = parser.add_subparsers(required=True, metavar="command")

    one = _command(commands, "up", "prepare, start and watch everything until Ctrl-C")
    one.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="address to listen on (HOST)")
    one.add_argument("--port", default=os.environ.get("PORT") or "8000", help="port to listen on (PORT); 0: any")
    one.add_argument("--procfile", type=Path, default=PROJECT / "Procfile")
    one.add_argument("--no-demo", action="store_true", help="without the demo company")
    one.add_argument("--no-prepare", action="store_true", help="without migrations, encoder, files and demo")
    one.add_argument("--quiet", action="store_true", help="keep the programs' output in var/log/suite.log")
    one.set_defaults(action=_up)

    one = _command(commands, "status", "show what runs")
    one.set_defaults(action=lambda options: control.show_status(options.var))

    one = _command(commands, "stop", "stop everything of this checkout")
    one.set_defaults(action=lambda options: control.stop(options.var))

    one = _command(commands, "reset", "remove all data of this checkout")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.set_defaults(action=lambda options: control.reset(options.var, confirmed=options.yes))

    one = _command(commands, "check", "format, lint, types, contracts, docs and tests")
    one.add_argument("--all", action="store_true", help="also journeys and browser tests")
    one.set_defaults(action=lambda options: check.run_checks(options.var, everything=options.all))

    one = _command(commands, "lock", "resolve the requirements into lock files")
    one.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    one.set_defaults(action=lambda options: lock(upgrade=options.upgrade))

    one = _command(commands, "wheels", "which platforms have wheels of every locked package")
    one.set_defaults(action=lambda _options: wheels.show_coverage())
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    one = commands.add_parser(name, help=text)
    one.add_argument("--var", type=Path, default=argparse.SUPPRESS, help="data folder")
    return one


def _default_folder() -> Path:
    return PROJECT / (os.environ.get("VAR_DIR") or "var")


def _up(options: argparse.Namespace) -> int:
    return up(
        UpOptions(
            host=options.host,
            port=parse_port(options.port),
            folder=options.var,
            procfile=options.procfile.resolve(),
            demo=not options.no_demo,
            prepare=not options.no_prepare,
            quiet=options.quiet,
        )
    )


def parse_port(given: str) -> int:
    """A port number. Raises BadSetting."""
    if not given.isascii() or not given.isdigit() or int(given) > 65535:
        raise BadSetting(f"PORT must be a number from 0 to 65535, not {given!r}.")
    return int(given)


if __name__ == "__main__":
    sys.exit(main())
