"""The worker processes: the Celery app, its queues, its periodic work."""
