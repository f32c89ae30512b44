"""Do the workers really consume? Each queue is given a small task now and then; running it leaves a trace here.

"The process is alive" is not enough: a worker can be connected and consume nothing (celery issue 10302).
"""

from collections.abc import Iterable

from django.core.cache import cache

from apps.core import clock

SILENCE_SECONDS = 60
# Long enough to tell "silent since" for a while, short enough to forget queues that are gone.
_KEPT_SECONDS = 3600


def record(queue: str) -> None:
    """Note that a worker has just run a task from ``queue``."""
    cache.set(_key(queue), clock.now().timestamp(), _KEPT_SECONDS)


def list_silent(queues: Iterable[str], *, seconds: float = SILENCE_SECONDS) -> list[str]:
    """Return those of ``queues`` from which no task has run for ``seconds``."""
    names = sorted(queues)
    seen = cache.get_many([_key(queue) for queue in names])
    oldest = clock.now().timestamp() - seconds
    return [queue for queue in names if seen.get(_key(queue), 0) < oldest]


def _key(queue: str) -> str:
    return f"core:pulse:{queue}"
