"""Where log lines go and how they look. Knows structlog; standard output belongs to answers, so logs go to stderr."""

import logging
import sys
from typing import TextIO

import structlog

from callcenter.config.settings import LogFormat, Settings


def configure_logs(settings: Settings, into: TextIO | None = None) -> None:
    """Set up logging once, at start. `into` stands in for stderr where a person looks at something else."""
    stream = into or sys.stderr
    console = settings.log.format is LogFormat.CONSOLE or (settings.log.format is LogFormat.AUTO and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.log.level.value.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not console),
            structlog.processors.StackInfoRenderer(),
            *([] if console else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
