"""Formats and content of log lines."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from backend.core.logging import REDACTED, configure_logging, redact
from backend.core.settings import Settings

log = structlog.stdlib.get_logger("backend.tests.logging")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Restores the process-wide logging configuration."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    configure_logging(Settings(log_format="json"))
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def read_last(capsys: Capture) -> dict[str, Any]:
    """Parse the last line that was written."""
    line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_json_has_one_object_a_line(capsys: Capture) -> None:
    log.info("order.paid", order=7, password="s3cr3t")
    line = read_last(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("logger") == "backend.tests.logging"
    assert line == {"event": "order.paid", "level": "info", "order": 7, "password": REDACTED}


def test_the_standard_librarys_records_look_alike(capsys: Capture) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("uvicorn.error").warning("port %d", 80, extra={"token": "s3cr3t"})
    line = read_last(capsys)
    assert (line["event"], line["level"], line["token"]) == ("port 80", "warning", REDACTED)
    assert line["request_id"] == "r1"


def test_an_exception_is_written_without_local_variables(capsys: Capture) -> None:
    hidden = "-".join(["in", "a", "local", "variable"])
    try:
        raise ValueError(hidden[:2])
    except ValueError:
        log.exception("job.failed")
    written = read_last(capsys)["exception"]
    assert "ValueError: in" in written
    assert hidden not in written


def test_the_last_configuration_counts(capsys: Capture) -> None:
    configure_logging(Settings(log_format="console", log_level="WARNING"))
    log.info("too.quiet")
    log.warning("once", order=7)
    logging.getLogger("uvicorn.access").warning("GET /")  # the middleware logs the requests
    written = capsys.readouterr().out
    assert written.count("once") == written.count("\n") == 1
    assert "order=7" in written


def test_secrets_are_hidden_at_any_depth_without_changing_the_original() -> None:
    body = {"user": {"API_KEY": "s3cr3t", "name": "Ann"}}
    event = redact(None, "", {"body": body})
    assert event == {"body": {"user": {"API_KEY": REDACTED, "name": "Ann"}}}
    assert body["user"]["API_KEY"] == "s3cr3t"
