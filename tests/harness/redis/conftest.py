"""Suites whose application uses Redis, and a server that they are given."""

import secrets
import time
from collections.abc import Iterator

import pytest
import redis
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.redis import server

from tests.harness.background import Application, given_server

SETTINGS = """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = [
        "DATABASE_URL={postgres.url}", "REDIS_URL={redis.url}", "REDIS_PREFIX={redis.prefix}"
    ]
"""
WITHOUT_PREFIX = """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = ["REDIS_URL={redis.url}"]
"""
CONFTEST = """
    import os
    import pytest
    import redis

    PREFIX = os.environ.get("REDIS_PREFIX", "")
    application = redis.Redis.from_url(os.environ["REDIS_URL"])  # at import, as many do
"""
APPLICATION = Application(
    SETTINGS,
    CONFTEST
    + """
    def put(number):
        application.rpush(f"{PREFIX}key", number)

    def held():
        return [int(number) for number in application.lrange(f"{PREFIX}key", 0, -1)]
""",
)


class Given:
    """A server that is not of the run."""

    def __init__(self) -> None:
        self.port, self.secret = ReservedPort(), secrets.token_hex(8)
        self.process = server.launch(self.port, self.secret)
        self.url = f"redis://:{self.secret}@127.0.0.1:{self.port.number}/0"
        self.variables = {"TEST_REDIS_URL": self.url}
        self.admin = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.admin.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, self.process.said()
                time.sleep(0.01)

    def users(self) -> list[str]:
        return [str(name) for name in self.admin.acl_users() if name != "default"]

    def keys(self) -> list[bytes]:
        return sorted(self.admin.scan_iter())

    def add_others(self) -> None:
        """Write what belongs to no run."""
        self.admin.acl_setuser("test_somebody", enabled=True)
        self.admin.set("test_key", 1)

    def owners(self) -> set[str]:
        """Return the users, and those whose keys are there."""
        return {*self.users(), *(key.decode().partition(":")[0] for key in self.keys())}

    def stop(self) -> None:
        self.admin.close()
        self.process.stop()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """A Redis that TEST_REDIS_URL names."""
    with given_server(Given, monkeypatch) as started:
        yield started
