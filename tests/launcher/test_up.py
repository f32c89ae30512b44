"""Does `make up` start, watch and end everything, whatever happens to it?"""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from launcher import processes
from launcher.embedded import EmbeddedServices
from launcher.errors import BadSetting, PortTaken
from launcher.layout import Layout
from launcher.session import read_own_state
from launcher.up import open_listener, service_environment, wanted_parts

if TYPE_CHECKING:
    from tests.launcher.conftest import Eventually, Suite

    MakeSuite = Callable[..., Suite]

READY = "Ctrl-C stops everything"
SLEEPER = 'web: WEB\nworker-a: sh -c "sleep 600 & sleep 600"\n'
STUBBORN = "web: WEB\nworker-a: sh -c \"trap '' TERM; echo deaf; while true; do sleep 0.1; done\"\n"


def _status_of(address: str) -> int:
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own http address
        return int(answer.status)


def test_the_banner_names_an_address_that_answers(suite: "MakeSuite", folder: Path) -> None:
    one = suite(SLEEPER).start()

    lines = one.read_until(READY)

    address = read_own_state(Layout.of(folder))["address"]
    assert any(line.endswith(f"{address}/desk/") for line in lines)
    assert _status_of(address) == 200


@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_no_process(received: signal.Signals, suite: "MakeSuite", folder: Path) -> None:
    one = suite(SLEEPER).start()
    one.read_until(READY)
    assert len(one.programs()) == 4  # web, worker-a and its two children

    os.kill(one.pid, received)

    assert one.end()[0] == 0
    assert one.programs() == []
    assert not (Layout.of(folder).run / "up.json").exists()


def test_a_stop_ends_the_embedded_services_too(suite: "MakeSuite", folder: Path) -> None:
    one = suite(SLEEPER, embedded=True).start()
    one.read_until(READY)
    services = EmbeddedServices(folder).pids()

    os.kill(one.pid, signal.SIGINT)

    assert one.end()[0] == 0
    assert sorted(services) == ["broker", "cache", "keeper", "keyvault", "postgres"]
    assert one.programs() == []
    assert not Layout.of(folder).sockets.exists()


def test_a_stop_during_the_start_leaves_no_process(suite: "MakeSuite", folder: Path, eventually: "Eventually") -> None:
    one = suite(SLEEPER, embedded=True).start()
    eventually(lambda: (folder / "run" / "keeper.lock").exists())

    os.kill(one.pid, signal.SIGTERM)

    assert one.end()[0] == 128 + signal.SIGTERM
    assert one.programs() == []


def test_a_second_request_ends_stubborn_programs_at_once(
    suite: "MakeSuite", folder: Path, eventually: "Eventually"
) -> None:
    one = suite(STUBBORN).start()
    one.read_until(READY)
    eventually(lambda: "deaf" in (folder / "log" / "suite.log").read_text())
    began = time.monotonic()

    os.kill(one.pid, signal.SIGINT)
    one.read_until("stopping; Ctrl-C again stops at once")
    os.kill(one.pid, signal.SIGINT)

    status, rest = one.end()
    assert status == 0
    assert "worker-a did not end in time and was killed" in rest
    assert time.monotonic() - began < 8  # its patience would be 10 s
    assert one.programs() == []


def test_nothing_survives_a_supervisor_killed_with_9(
    suite: "MakeSuite", folder: Path, eventually: "Eventually"
) -> None:
    plain = "web: WEB\nworker-a: sleep 600\n"
    one = suite(plain, embedded=True).start()
    one.read_until(READY)

    os.kill(one.pid, signal.SIGKILL)

    eventually(lambda: one.programs() == [])
    again = suite(plain, embedded=True).start()
    again.read_until(READY)


def test_a_program_that_ends_is_started_again(suite: "MakeSuite", folder: Path, eventually: "Eventually") -> None:
    one = suite(SLEEPER).start()
    one.read_until(READY)
    before = read_own_state(Layout.of(folder))["programs"]["web"]["pid"]

    os.kill(before, signal.SIGKILL)

    one.read_until("web ended (killed by SIGKILL); starting it again in 0.5 s")
    eventually(lambda: read_own_state(Layout.of(folder))["programs"]["web"]["pid"] != before)
    assert _status_of(read_own_state(Layout.of(folder))["address"]) == 200


def test_embedded_services_come_back_after_their_keeper_was_killed(suite: "MakeSuite", folder: Path) -> None:
    one = suite(SLEEPER, embedded=True).start()
    one.read_until(READY)
    before = EmbeddedServices(folder).pids()

    os.kill(before["keeper"], signal.SIGKILL)
    one.read_until("PostgreSQL and Valkey are back")

    after = EmbeddedServices(folder).pids()
    assert sorted(after) == sorted(before)
    assert not set(after.values()) & set(before.values())


def test_a_program_that_cannot_start_ends_the_start_with_its_last_words(suite: "MakeSuite") -> None:
    one = suite("worker-a: sh -c 'echo the setting FOO is wrong; exit 1'\n").start()

    status, output = one.end()

    assert status == 1
    assert "switchboard: worker-a keeps ending: the setting FOO is wrong (log: " in output
    assert one.programs() == []


def test_two_suites_in_one_checkout_are_refused(suite: "MakeSuite", folder: Path) -> None:
    one = suite(SLEEPER).start()
    one.read_until(READY)
    address = read_own_state(Layout.of(folder))["address"]

    status, output = suite(SLEEPER).start().end()

    assert status == 1
    expected = f"switchboard: Switchboard is already up from this folder (pid {one.pid}, {address})"
    assert output == f"{expected}: use it, or `make stop`.\n"


def test_two_checkouts_run_side_by_side(suite: "MakeSuite", folder: Path) -> None:
    other = folder.parent / "other" / "var"
    other.parent.mkdir()

    one, two = suite(SLEEPER, embedded=True).start(), suite(SLEEPER, embedded=True, beside=other).start()
    one.read_until(READY)
    two.read_until(READY)

    pids = [set(EmbeddedServices(place).pids().values()) for place in (folder, other)]
    assert [len(found) for found in pids] == [5, 5]
    assert not pids[0] & pids[1]
    for suite_ in (one, two):
        os.kill(suite_.pid, signal.SIGINT)
        assert suite_.end()[0] == 0


def test_a_taken_port_is_named_in_one_line(suite: "MakeSuite") -> None:
    with open_listener("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        status, output = suite(SLEEPER).start("--port", str(port)).end()

    assert status == 1
    expected = f"switchboard: port {port} on 127.0.0.1 cannot be used (Address already in use)"
    assert output == f"{expected}: choose another with `PORT=9000 make up`.\n"


@pytest.mark.parametrize("given", ["http", "70000", "-1", ""])
def test_a_port_that_is_no_port_is_refused(given: str, suite: "MakeSuite") -> None:
    status, output = suite(SLEEPER).start("--port", given).end()

    assert (status, output) == (1, f"switchboard: PORT must be a number from 0 to 65535, not {given!r}.\n")


def test_an_unknown_host_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"HOST=no\.such\.host\.invalid is no address of this machine"):
        open_listener("no.such.host.invalid", 0)


def test_the_listener_is_the_check_for_the_port() -> None:
    with open_listener("127.0.0.1", 0) as first:
        assert first.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        with pytest.raises(PortTaken):
            open_listener("127.0.0.1", first.getsockname()[1])


def test_given_servers_are_used_instead_of_embedded_ones(folder: Path) -> None:
    given = {"DATABASE_URL": "postgres://a/b", "REDIS_URL": "redis://a/0"}

    assert wanted_parts({}) == {"postgres", "keyvault", "valkey"}
    assert wanted_parts({"DATABASE_URL": "postgres://a/b"}) == {"keyvault", "valkey"}
    assert wanted_parts(given) == {"keyvault"}
    assert wanted_parts(given | {"KEYVAULT_DATABASE_URL": "postgres://a/c"}) == frozenset()
    valkey = EmbeddedServices(folder, parts=frozenset({"valkey"}))
    assert sorted(service_environment(valkey, {})) == ["CACHE_URL", "REDIS_URL"]
    assert sorted(service_environment(valkey, {"CACHE_URL": "redis://a/1"})) == ["REDIS_URL"]


def test_programs_never_get_the_superuser_address(folder: Path) -> None:
    names = sorted(service_environment(EmbeddedServices(folder), {}))

    assert names == [
        "CACHE_URL",
        "DATABASE_OWNER_URL",
        "DATABASE_READER_URL",
        "DATABASE_URL",
        "KEYVAULT_DATABASE_OWNER_URL",
        "KEYVAULT_DATABASE_URL",
        "REDIS_URL",
    ]


def test_web_processes_share_one_socket(suite: "MakeSuite", folder: Path, eventually: "Eventually") -> None:
    one = suite("web: WEB\n")
    one.env["WEB_PROCESSES"] = "2"
    one.start().read_until(READY)
    state = read_own_state(Layout.of(folder))
    served: set[int] = set()

    def ask() -> bool:
        with urllib.request.urlopen(state["address"], timeout=10) as answer:  # noqa: S310 - our own http address
            served.add(int(answer.read()))
        return len(served) == 2

    eventually(ask)

    assert sorted(state["programs"]) == ["web.1", "web.2"]
    assert served == {program["pid"] for program in state["programs"].values()}


def test_programs_of_a_killed_supervisor_are_ended_by_the_next_start(suite: "MakeSuite", folder: Path) -> None:
    """Where the kernel does not do it (macOS): by process id and time of birth."""
    layout = Layout.of(folder)
    layout.make_folders()
    sleepers = [subprocess.Popen(["/bin/sleep", "600"]) for _ in range(2)]
    born = [processes.born_at(sleepers[0].pid), "another time"]
    programs = {
        f"worker-{number}": {"pid": sleeper.pid, "born_at": moment}
        for number, (sleeper, moment) in enumerate(zip(sleepers, born, strict=True))
    }
    (layout.run / "up.json").write_text(json.dumps({"programs": programs}))

    suite("web: WEB\n").start().read_until(READY)

    assert sleepers[0].wait() == -signal.SIGTERM
    assert sleepers[1].poll() is None
    sleepers[1].kill()
    sleepers[1].wait()
