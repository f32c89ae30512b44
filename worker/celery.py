"""The Celery app. `celery -A worker.celery worker` starts from here; config imports it for web processes."""

import os

from celery import Celery
from celery.signals import setup_logging

from worker.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("switchboard", task_cls="worker.tasks:SuiteTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.imports = ("worker.periodic", "worker.starting")
app.conf.beat_schedule = SCHEDULE


@setup_logging.connect
def _keep_our_logging(**_signal: object) -> None:
    """Being connected is enough: Celery then leaves the logging of Django's settings alone."""
