"""A suite whose application uses RabbitMQ, and a server that it is given."""

import os
import shutil
from collections.abc import Iterator

import pytest
from pytest_greenfield.services.rabbitmq import server
from pytest_greenfield.services.rabbitmq.service import RabbitMQ

from tests.harness.background import Application, given_server

SETTINGS = """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = ["AMQP_URL={amqp.url}"]
"""
APPLICATION = Application(
    SETTINGS,
    """
    import contextlib, os
    import pika

    @contextlib.contextmanager
    def channel():
        connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
        try:
            made = connection.channel()
            made.queue_declare("jobs", durable=True)
            yield made
        finally:
            connection.close()

    def put(number):
        with channel() as used:
            used.confirm_delivery()
            used.basic_publish("", "jobs", str(number).encode())

    def held():
        with channel() as used:
            count = used.queue_declare("jobs", passive=True).method.message_count
            return [int(used.basic_get("jobs", auto_ack=True)[2]) for _ in range(count)]
""",
    fixture="rabbitmq",
)
installed = shutil.which("rabbitmq-server", path=":".join(server._FOLDERS)) is not None
needs_rabbitmq = pytest.mark.skipif(
    not installed and not os.environ.get("CI"), reason="`apt-get install rabbitmq-server`"
)


class Given:
    """A server that is not of the runs."""

    def __init__(self) -> None:
        planned = RabbitMQ.planned("test_given_00000000", ["amqp.url"], {})
        self._service = RabbitMQ(planned, "master")
        self._service.start()
        self._service.open()
        self._service._remove(self._service.vhost)  # runs would take it for one that was left
        self.management = self._service._management
        self.variables = {
            "TEST_AMQP_URL": f"amqp://{server.USER}:{planned.secret}@127.0.0.1:{planned.port}",
            "TEST_AMQP_MANAGEMENT_URL": f"http://127.0.0.1:{planned.management_port}",
        }

    def add_others(self) -> None:
        """Write what belongs to no run."""
        self.management.call("PUT", "vhosts", "test-data", content={})

    def owners(self) -> set[str]:
        """Return the names of vhosts and users."""
        listed = (self.management.call("GET", kind) for kind in ("vhosts", "users"))
        return {item["name"] for items in listed for item in items}

    def stop(self) -> None:
        self._service.stop()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """A RabbitMQ that TEST_AMQP_URL names."""
    with given_server(Given, monkeypatch) as started:
        yield started
