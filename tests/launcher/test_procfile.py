"""Is the Procfile understood, and does ours name what the queues need?"""

import re
from pathlib import Path

import pytest

from launcher.errors import BadSetting
from launcher.layout import PROJECT
from launcher.procfile import choose_web_processes, read_programs
from worker.queues import QUEUES


def _write(folder: Path, text: str) -> Path:
    path = folder / "Procfile"
    path.write_text(text)
    return path


def test_names_and_commands_are_read_in_order_without_comments(tmp_path: Path) -> None:
    procfile = _write(tmp_path, "# ours\nweb: serve --fd 3\n\nworker-ai: work: hard\nbeat: tick\n")

    programs = read_programs(procfile, web_processes=1)

    assert [(one.name, one.command) for one in programs] == [
        ("web", "serve --fd 3"),
        ("worker-ai", "work: hard"),
        ("beat", "tick"),
    ]


def test_only_web_is_repeated(tmp_path: Path) -> None:
    programs = read_programs(_write(tmp_path, "web: serve\nbeat: tick\n"), web_processes=3)

    assert [one.name for one in programs] == ["web.1", "web.2", "web.3", "beat"]


def test_programs_stop_web_first_then_workers_then_the_clock(tmp_path: Path) -> None:
    procfile = _write(tmp_path, "other: a\nbeat: b\nworker-bulk: c\nworker-ai: d\nweb: e\n")

    programs = sorted(read_programs(procfile, web_processes=2), key=lambda one: one.stop_rank)

    assert [one.name for one in programs] == ["web.1", "web.2", "worker-bulk", "worker-ai", "beat", "other"]


def test_an_empty_procfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="names no process"):
        read_programs(_write(tmp_path, "# nothing\n"), web_processes=1)


@pytest.mark.parametrize("given", ["0", "65", "two", "-1", "1.5"])
def test_a_senseless_number_of_web_processes_is_refused(given: str) -> None:
    with pytest.raises(BadSetting, match="WEB_PROCESSES must be a number from 1 to 64"):
        choose_web_processes(given)


def test_the_number_of_web_processes_can_be_chosen() -> None:
    assert choose_web_processes("4") == 4
    assert choose_web_processes(None) >= 1


def test_every_queue_has_exactly_one_worker() -> None:
    served = re.findall(r"--queues (\S+)", (PROJECT / "Procfile").read_text())

    assert sorted(",".join(served).split(",")) == sorted(queue.name for queue in QUEUES)


def test_sockets_of_the_web_process_refuse_more_than_64_kib() -> None:
    web = read_programs(PROJECT / "Procfile", web_processes=1)[0]

    assert "--websocket-max-message-size 65536" in web.command
    assert "--websocket-max-frame-size 65536" in web.command
