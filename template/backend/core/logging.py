"""Structured logging: one line an event, with the request's id, for people or for machines."""

import logging
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from backend.core.settings import Settings

REDACTED = "[redacted]"
_SECRET_WORDS = ("authorization", "cookie", "password", "secret", "token", "api_key")


class StdoutHandler(logging.Handler):
    """Writes to what is `sys.stdout` now, not to what it was when the handler was made."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), flush=True)
        except Exception:  # logging never breaks what it reports on; handleError says what failed
            self.handleError(record)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values whose names say that they are secret, at any depth of mappings."""
    for name, value in event.items():
        if any(word in str(name).lower() for word in _SECRET_WORDS):
            event[name] = REDACTED
        elif isinstance(value, Mapping):
            event[name] = redact(_logger, _method, dict(value))
    return event


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's records to stdout in one format.

    May be called any number of times; the last call counts. Handlers of others (pytest's, an
    agent's) stay.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    formatting = structlog.stdlib.ProcessorFormatter
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            formatting.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers made at import must see a later configuration
    )
    rendering = [formatting.remove_processors_meta, *_renderers(settings.log_format)]
    handler = StdoutHandler()
    handler.setFormatter(formatting(foreign_pre_chain=shared, processors=rendering))
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if not isinstance(old, StdoutHandler)]
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    # uvicorn's records pass through the root's handler; the middleware logs the requests.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        # Tracebacks as text: the structured form would write local variables, secrets included.
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
