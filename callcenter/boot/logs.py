"""Where log lines go and how they look. Knows structlog; standard output belongs to answers, so logs go to stderr.

Libraries complain through the standard library's logging: what is a warning or graver becomes a line like ours.
"""

import logging
import sys
from typing import Final, TextIO

import structlog
from structlog.typing import Processor

from callcenter.config.settings import LogFormat, Settings

LIBRARIES: Final = "callcenter: what libraries say"


def configure_logs(settings: Settings, into: TextIO | None = None) -> None:
    """Set up logging once, at start. `into` stands in for stderr where a person looks at something else."""
    stream = into or sys.stderr
    console = settings.log.format is LogFormat.CONSOLE or (settings.log.format is LogFormat.AUTO and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.log.level.value.upper()]
    renderer: Processor = structlog.processors.JSONRenderer()
    if console:  # without local variables: passwords are among them
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not console),
        structlog.processors.StackInfoRenderer(),
        *([] if console else [structlog.processors.format_exc_info]),
    ]
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    _take_in_libraries(stream, processors, renderer)


def _take_in_libraries(stream: TextIO, processors: list[Processor], renderer: Processor) -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.name == LIBRARIES]:
        root.removeHandler(handler)
    handler = logging.StreamHandler(stream)
    handler.name = LIBRARIES
    handler.setLevel(logging.WARNING)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *processors],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root.addHandler(handler)
