"""`pytest-greenfield check` and `clean`, with services."""

from pathlib import Path

import pytest
from pytest_greenfield import check, command, names
from pytest_greenfield.services.postgres import cache
from pytest_greenfield.services.redis.service import Redis
from pytest_greenfield.services.used import KINDS

from tests.harness.background import all_ended, family
from tests.harness.rabbitmq.conftest import needs_rabbitmq

URLS = {
    "TEST_REDIS_URL": "redis://127.0.0.1:1/0",
    "TEST_S3_URL": "http://key:secret@127.0.0.1:1",
    "TEST_AMQP_URL": "amqp://guest:guest@127.0.0.1:1",
    "TEST_WIREMOCK_URL": "http://127.0.0.1:1",
}
UNUSED = "TEST_AMQP_MANAGEMENT_URL"
USED = """
[tool.pytest]
greenfield_environment = [
    "DATABASE_URL={postgres.url}", "REDIS={redis.url} {redis.prefix}", "S3={s3.url}",
    "AMQP={amqp.url}", "PEER={wiremock.url}",
]
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that uses all services, with a cache of its own."""
    for name in (*URLS, "TEST_SERVICES", "TEST_DATABASE_URL", "CI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text(USED, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def services(root: Path) -> None:
    """What `check` does with the services of a project."""
