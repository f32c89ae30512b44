"""How does a test wait for what another thread or process does? By looking often, with a limit."""

import threading
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Return as soon as ``condition`` holds. Raises ``AssertionError`` when it does not in ``seconds``."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"Not within {seconds:g} s: {condition}")
