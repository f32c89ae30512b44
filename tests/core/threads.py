"""How do the threads of sockets give their connections back? In tests, Channels leaves that to the test."""

from concurrent.futures import wait
from threading import Barrier

from asgiref.sync import SyncToAsync
from django.db import connections

from apps.core import sockets


def return_connections() -> None:
    """Let every thread that has served a socket return its connection to the pool, so that the next test finds one.

    While a test talks through a communicator, Channels keeps connections open that it would otherwise return.
    """
    started = len(sockets._threads._threads)
    if started:
        # Each thread must take one of these, so each waits for the others.
        together = Barrier(started)
        wait([sockets._threads.submit(_return_connection, together) for _ in range(started)], timeout=10)
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(timeout=10)


def _return_connection(together: Barrier) -> None:
    together.wait(timeout=10)
    connections.close_all()
