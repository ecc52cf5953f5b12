"""`pytest-greenfield check` and `clean`, with services."""

import os
import re
from pathlib import Path

import pytest
from pytest_greenfield import check, command
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.redis.service import Redis
from pytest_greenfield.services.s3.service import S3
from pytest_greenfield.services.service import Service
from pytest_greenfield.services.used import Services

from tests.harness.background import all_ended, family
from tests.harness.rabbitmq.conftest import needs_rabbitmq

USED = """
[tool.pytest]
greenfield_environment = [
    "DATABASE_URL={postgres.url}", "REDIS={redis.url} {redis.prefix}", "S3={s3.url}",
    "AMQP={amqp.url}", "PEER={wiremock.url}",
]
"""
NOBODY = {
    "TEST_REDIS_URL": "redis://127.0.0.1:1/0",
    "TEST_S3_URL": "http://key:secret@127.0.0.1:1",
    "TEST_AMQP_URL": "amqp://guest:guest@127.0.0.1:1",
    "TEST_WIREMOCK_URL": "http://127.0.0.1:1",
}
"""Servers that are not there."""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that uses all services, and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("TEST_") or name == "CI":
            monkeypatch.delenv(name)
    (tmp_path / "pyproject.toml").write_text(USED, "utf-8")
    monkeypatch.chdir(tmp_path)


@needs_rabbitmq
def test_check_tries_each_service_and_leaves_nothing(
    wiremock_jar: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WIREMOCK_JAR", str(wiremock_jar))
    before = family(os.getpid())
    assert command.main(["check"]) == 0
    out = capsys.readouterr().out
    for service in ("redis     Valkey", "s3        S3", "amqp      RabbitMQ", "wiremock  WireMock"):
        line = rf"^{service} [a-z0-9.]+ embedded, started in (\d+\.\d) s, restored$"
        found = re.search(line, out, re.MULTILINE)
        assert found, out
        assert "Valkey" in service or float(found[1]) > 0.1, "all but Valkey take longer"
    assert all_ended(family(os.getpid()) - before)


def test_check_passes_without_what_only_some_tests_need(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # without Erlang and Java
    monkeypatch.setenv("JAVA_HOME", "")
    check.check_services(planned("amqp.url", "wiremock.url"))
    out = capsys.readouterr().out
    assert re.search(r"^amqp      not here: no RabbitMQ for the tests \(emb", out, re.MULTILINE)
    assert re.search(r"^wiremock  not here: no WireMock for the tests \(emb", out, re.MULTILINE)


@pytest.mark.parametrize("kind", [Redis, S3])
def test_check_says_what_is_not_restored(
    kind: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = family(os.getpid())
    monkeypatch.setattr(kind, "restore", lambda _: None)
    with pytest.raises(ServiceUnavailableError, match="embedded was not restored: report this"):
        check.check_services(planned(f"{kind.name}.url"))
    assert all_ended(family(os.getpid()) - before)


@pytest.mark.parametrize("variable", NOBODY)
def test_a_server_that_is_not_there_is_one_sentence(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
) -> None:
    usual = "pytest_greenfield.services.postgres.cache.usual_cache_folder"
    monkeypatch.setattr(usual, lambda _: cache)  # which other runs use
    monkeypatch.setenv(variable, NOBODY[variable])
    assert command.main(["clean"]) == 1
    said = capsys.readouterr().err
    assert "127.0.0.1:1" in said or variable in said
    assert said.count("\n") == 1


def planned(*placeholders: str) -> Services:
    return Services.plan(placeholders, "test_check_0123abcd", os.environ)
