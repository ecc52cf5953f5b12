"""Log lines: their formats, what they carry and what they hide."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from backend.core.logging import REDACTED, StdoutHandler, configure_logging, redact
from backend.core.settings import Settings

log = structlog.stdlib.get_logger("backend.tests.logging")


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """The logging set-up belongs to the process: put it back."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Parse the last line that was written."""
    line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


class TestConfigureLogging:
    def test_json_has_one_object_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Settings(log_format="json"))
        log.info("order.paid", order=7)
        line = last_line(capsys)
        assert line["event"] == "order.paid"
        assert line["order"] == 7
        assert line["level"] == "info"
        assert line["logger"] == "backend.tests.logging"
        assert line["timestamp"].endswith("Z")

    def test_console_is_for_people(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Settings(log_format="console"))
        log.info("order.paid", order=7)
        written = capsys.readouterr().out
        assert "order.paid" in written
        assert "order=7" in written
        assert not written.startswith("{")

    def test_the_standard_librarys_records_look_alike(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Settings(log_format="json"))
        logging.getLogger("uvicorn.error").warning("port %d", 80, extra={"worker": 3})
        line = last_line(capsys)
        assert (line["event"], line["level"], line["worker"]) == ("port 80", "warning", 3)

    def test_bound_context_is_on_every_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Settings(log_format="json"))
        with structlog.contextvars.bound_contextvars(request_id="r1"):
            logging.getLogger("sqlalchemy").warning("slow")
        assert last_line(capsys)["request_id"] == "r1"

    def test_an_exception_is_written_without_local_variables(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Settings(log_format="json"))
        hidden = "-".join(["in", "a", "local", "variable"])
        try:
            int(hidden[:2])
        except ValueError:
            log.exception("job.failed")
        line = last_line(capsys)
        assert "ValueError: invalid literal" in line["exception"]
        assert hidden not in line["exception"]

    def test_the_level_is_kept(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Settings(log_level="WARNING"))
        log.info("too.quiet")
        log.warning("loud.enough")
        written = capsys.readouterr().out
        assert "too.quiet" not in written
        assert "loud.enough" in written

    def test_twice_is_as_good_as_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        others = logging.NullHandler()
        logging.getLogger().addHandler(others)
        configure_logging(Settings(log_format="console"))
        configure_logging(Settings(log_format="json"))
        log.warning("once")
        assert capsys.readouterr().out.count("once") == 1
        assert others in logging.getLogger().handlers

    def test_uvicorns_access_log_makes_room_for_ours(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Settings())
        logging.getLogger("uvicorn.access").info("GET /")
        assert capsys.readouterr().out == ""


class TestStdoutHandler:
    def test_a_record_that_cannot_be_written_breaks_nothing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logging, "raiseExceptions", True)
        record = logging.LogRecord("name", logging.INFO, "path", 1, "%d", ("text",), None)
        StdoutHandler().handle(record)
        assert "Logging error" in capsys.readouterr().err


class TestRedact:
    @pytest.mark.parametrize(
        "name", ["password", "new_password", "Authorization", "session_token", "API_KEY", "cookie"]
    )
    def test_a_value_with_a_secret_name_is_hidden(self, name: str) -> None:
        assert redact(None, "info", {"event": "e", name: "s3cr3t"})[name] == REDACTED

    def test_at_any_depth_without_changing_the_original(self) -> None:
        body = {"user": {"password": "s3cr3t", "name": "Ann"}}
        event = redact(None, "info", {"event": "e", "body": body})
        assert event["body"] == {"user": {"password": REDACTED, "name": "Ann"}}
        assert body["user"]["password"] == "s3cr3t"

    def test_it_runs_on_every_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Settings(log_format="json"))
        log.info("account.login", password="s3cr3t")
        logging.getLogger("other").warning("login", extra={"token": "s3cr3t"})
        assert "s3cr3t" not in capsys.readouterr().out
