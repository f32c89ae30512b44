"""Composition of the suite: settings, addresses, wiring."""

# Loaded with Django, so that @shared_task in apps binds to this Celery app in web processes as well.
from worker.celery import app as celery_app

__all__ = ["celery_app"]
