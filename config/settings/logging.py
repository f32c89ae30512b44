"""What is written down while it runs? Structured lines: for people on a laptop, JSON in production."""

from typing import Any

import structlog

from config import env
from config.settings.base import ENVIRONMENT

LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    "INFO",
    ("DEBUG", "INFO", "WARNING", "ERROR"),
    help="The least severe lines that are written.",
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "json" if ENVIRONMENT == "production" else "console",
    ("console", "json"),
    help="Lines for people or for machines.",
)

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
_renderer = (
    structlog.processors.JSONRenderer()
    if LOG_FORMAT == "json"
    else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=28)
)
PROMETHEUS_MULTIPROC_DIR = env.text(
    "PROMETHEUS_MULTIPROC_DIR",
    help="Folder in which all processes keep their metrics, so that /metrics shows all of them. `make up` sets it.",
)
METRICS_TOKEN = env.secret(
    "METRICS_TOKEN", help="Bearer token that /metrics asks for. Without one, production does not serve metrics at all."
)
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer],
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Their INFO lines repeat what ours say.
        "daphne": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},
        # A line for each socket while the broker is away; core.broker says it once.
        "channels_redis": {"level": "CRITICAL"},
    },
}
