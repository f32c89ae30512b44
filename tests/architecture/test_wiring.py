"""Events, jobs and periodic work find whom they name."""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Task
from django.apps import apps

from apps.core import eventbus, jobs
from config import wiring
from tests.architecture import source
from worker.celery import app
from worker.queues import QUEUES
from worker.schedule import SCHEDULE

APP_LABELS = [config.label for config in apps.get_app_configs() if config.name.startswith("apps.")]
TASK_FILES = [
    path
    for path in source.list_modules("apps", "worker", "config")
    if any(name == "celery.shared_task" for _, name in source.list_imports(path))
]
QUEUE_NAMES = {queue.name for queue in QUEUES}


def _subclasses(kind: type[eventbus.Event]) -> Iterator[type[eventbus.Event]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _list_events() -> list[type[eventbus.Event]]:
    # By name: a dataclass with slots is made a second time, and the first one lives on unseen.
    names = {(kind.__module__, kind.__name__) for kind in _subclasses(eventbus.Event)}
    return [getattr(sys.modules[module], name) for module, name in sorted(names) if module.startswith("apps.")]


EVENTS = _list_events()


def _list_declared_events() -> set[str]:
    files = [path for path in source.list_modules("apps") if path.name == "events.py"]
    return {
        f"apps.{path.parent.name}.events.{node.name}"
        for path in files
        for node in source.parse(path).body
        if isinstance(node, ast.ClassDef)
    }


def _list_tasks() -> list[Task]:  # type: ignore[type-arg]
    jobs.find_task("worker.pulse")
    registered = app.tasks.items()
    return [task for name, task in sorted(registered) if name.split(".")[0] in {*APP_LABELS, "worker"}]


def _decorators() -> Iterator[tuple[Path, ast.FunctionDef, ast.expr]]:
    for path in TASK_FILES:
        for function in ast.walk(source.parse(path)):
            if isinstance(function, ast.FunctionDef):
                for decorator in function.decorator_list:
                    if "shared_task" in ast.unparse(decorator):
                        yield path, function, decorator


# Events ----------------------------------------------------------------------------------------------------


def test_every_event_of_an_app_is_known_here() -> None:
    assert {f"{kind.__module__}.{kind.__name__}" for kind in EVENTS} == _list_declared_events()
    assert len(EVENTS) >= 3


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_is_wired(event: type[eventbus.Event]) -> None:
    assert event in eventbus.reactions()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_is_frozen_and_says_what_happened(event: type[eventbus.Event]) -> None:
    parameters = inspect.signature(event).parameters.values()

    assert event.__dataclass_params__.frozen is True  # type: ignore[attr-defined]
    assert {one.kind for one in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert event.__doc__
    assert not event.__doc__.startswith(f"{event.__name__}(")


def test_events_are_wired_in_one_place_only() -> None:
    callers = {
        source.show(path)
        for path in source.list_modules("apps", "config", "worker")
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("eventbus.connect")
    }

    assert callers == {source.show(Path(wiring.__file__))}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_jobs_of_an_event_are_tasks_that_take_its_fields(event: type[eventbus.Event]) -> None:
    _, names = eventbus.reactions()[event]
    given = {"job_id", *(name for name in event.__dataclass_fields__ if name != "organisation_id")}

    for name in names:
        parameters = inspect.signature(jobs.find_task(name).run).parameters.values()
        wanted = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
        assert wanted <= given, name


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_listeners_of_an_event_are_subscribers(event: type[eventbus.Event]) -> None:
    listeners, _ = eventbus.reactions()[event]

    assert [one for one in listeners if not one.__module__.endswith(".subscribers")] == []
    assert len(set(listeners)) == len(listeners)


# Tasks -----------------------------------------------------------------------------------------------------


def test_every_task_is_looked_at() -> None:
    assert len(_list_tasks()) == len(list(_decorators())) >= 2


@pytest.mark.parametrize("task", _list_tasks(), ids=lambda task: task.name)
def test_a_task_is_named_after_the_app_it_lives_in(task: Task) -> None:  # type: ignore[type-arg]
    module = task.run.__module__.split(".")
    owner = module[1] if module[0] == "apps" else module[0]

    assert task.name.count(".") == 1
    assert task.name.split(".")[0] == owner
    assert module[0] == "worker" or "tasks" in module


@pytest.mark.parametrize("task", _list_tasks(), ids=lambda task: task.name)
def test_a_task_takes_keywords_only_and_lets_a_newer_caller_pass_more(task: Task) -> None:  # type: ignore[type-arg]
    parameters = list(inspect.signature(task.run).parameters.values())

    assert [one.name for one in parameters[:-1] if one.kind is not one.KEYWORD_ONLY] == []
    assert parameters[-1].name == "_later"
    assert parameters[-1].kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("task", _list_tasks(), ids=lambda task: task.name)
def test_a_task_says_what_it_does(task: Task) -> None:  # type: ignore[type-arg]
    assert task.run.__doc__


@pytest.mark.parametrize("task", _list_tasks(), ids=lambda task: task.name)
def test_a_task_has_a_queue_that_somebody_serves(task: Task) -> None:  # type: ignore[type-arg]
    scheduled = [work for work in SCHEDULE.values() if work["task"] == task.name]
    queues = [getattr(task, "queue", None) or work["options"].get("queue") for work in scheduled or [{"options": {}}]]

    assert set(queues) <= QUEUE_NAMES


def test_names_and_queues_of_tasks_are_written_out() -> None:
    # A name taken from the module would change with it, while rows with the old name wait.
    unnamed = [
        f"{source.show(path)}:{function.lineno}"
        for path, function, decorator in _decorators()
        if not isinstance(decorator, ast.Call) or "name" not in {keyword.arg for keyword in decorator.keywords}
    ]

    assert unnamed == []


def test_names_that_are_enqueued_are_tasks() -> None:
    enqueued = {
        node.args[0].value
        for path in source.list_modules("apps")
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "jobs.enqueue"
        and isinstance(node.args[0], ast.Constant)
    }

    assert [name for name in enqueued if jobs.find_task(str(name)).name != name] == []


# Periodic work ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", SCHEDULE)
def test_periodic_work_is_a_task_that_takes_what_it_is_given(entry: str) -> None:
    work = SCHEDULE[entry]
    task = jobs.find_task(work["task"])

    inspect.signature(task.run).bind(**work.get("kwargs", {}))
    assert set(work) <= {"task", "schedule", "kwargs", "options"}


# Work done elsewhere than in tasks --------------------------------------------------------------------------


def test_no_app_sends_work_past_the_rows() -> None:
    # A message without a row is lost with the broker.
    senders = [
        f"{source.show(path)}:{node.lineno}"
        for path in source.list_modules("apps")
        if path != source.ROOT / "apps" / "core" / "jobs.py"
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.Attribute) and node.attr in {"apply_async", "delay", "send_task"}
    ]

    assert senders == []
