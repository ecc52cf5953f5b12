"""Each worker has a vhost of its own; without a RabbitMQ its tests are skipped, loudly."""

import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.rabbitmq.service import RabbitMQ

from tests.harness.conftest import RunSuite
from tests.harness.rabbitmq.conftest import SETTINGS, Given, needs_rabbitmq

CONFTEST = """
    import contextlib, os
    import pika
    import pytest

    @contextlib.contextmanager
    def channel():
        connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
        try:
            yield connection.channel()
        finally:
            connection.close()

    @pytest.fixture(scope="session", autouse=True)
    def declared(rabbitmq):
        with channel() as made:
            made.exchange_declare("events", "topic", durable=True)
            made.queue_declare("kept", durable=True)
            made.queue_bind("kept", "events", "a.#")
"""
WRITES = """
    import pika
    import pytest
    from tests.conftest import channel

    @pytest.fixture(autouse=True)
    def clean():
        with channel() as found:
            assert found.queue_declare("kept", passive=True).method.message_count == 0
        for name in ("new", "other"):
            with pytest.raises(pika.exceptions.ChannelClosedByBroker), channel() as found:
                found.queue_declare(name, passive=True)

    @pytest.mark.parametrize("number", range(2))
    def test_what_it_declares_and_sends(number):
        with channel() as used:
            used.queue_declare("new")
            used.exchange_declare("other", "fanout")
            used.queue_bind("kept", "other")
            used.basic_publish("", "new", b"1")
            used.confirm_delivery()
            used.basic_publish("events", "a.b", b"2", mandatory=True)
            assert used.basic_get("kept")[2] == b"2"

    def test_what_it_deletes():
        with channel() as used:
            used.queue_delete("kept")
            used.exchange_delete("events")

    def test_without_it():
        pass
"""
FILES = {"tests/conftest.py": CONFTEST, "tests/integration/test_writes.py": WRITES}


@needs_rabbitmq
def test_with_two_workers_on_the_own_server(run: RunSuite) -> None:
    before = processes("epmd")
    result = run(FILES, "-n2", settings=SETTINGS)

    assert len(result.passed) == 4, result.output
    assert "RabbitMQ 3" in result.properties["services"] or "RabbitMQ 4" in result.output
    deadline = time.monotonic() + 10
    while processes("epmd") != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes("epmd") == before


def processes(name: str) -> set[str]:
    command = ["ps", "-eo", "pid,comm"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line for line in listed.splitlines() if name in line and "defunct" not in line}


@needs_rabbitmq
def test_on_a_given_server(run: RunSuite, given: Given) -> None:
    others = given.owners()
    machine = child.name_of("test_suite_0123abcd", "gw0")
    elsewhere = machine.replace(f"-{child._place()}-", "-000000-")
    today, past = datetime.now(UTC), datetime.now(UTC) - timedelta(days=2)
    for name, made in ((machine, today), (elsewhere, today), (f"{elsewhere}-a", past)):
        given.management.call("PUT", "vhosts", name, content={"description": made.isoformat()})

    result = run(FILES, settings=SETTINGS)

    assert len(result.passed) == 4, result.output
    assert "given" in result.properties["services"]
    assert given.owners() == others | {elsewhere}


@pytest.mark.parametrize(
    ("options", "ci"), [((), False), (("-n2",), True)], ids=["serial", "two-workers-in-ci"]
)
def test_without_a_server(
    run: RunSuite, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], *, ci: bool
) -> None:
    """Its tests are not run, others are; in CI they fail."""
    monkeypatch.setenv("PATH", "/nowhere")  # without Erlang
    monkeypatch.setenv("CI", "1" if ci else "")
    files = {
        "tests/integration/test_it.py": """
            def test_with_it(rabbitmq): ...
            def test_without_it(worker_db_url): ...
        """
    }
    result = run(files, *options, settings=SETTINGS)

    assert result.passed == {"test_without_it"}, result.output
    assert result.outcomes["test_with_it"] == ("error" if ci else "skipped"), result.output
    assert "rabbitmq-server is not installed: `apt-get install" in result.messages["test_with_it"]
    if not ci:
        assert "not run  tests of RabbitMQ: no RabbitMQ for the tests" in result.output


def test_a_url_without_management_is_one_sentence() -> None:
    environ = {"TEST_AMQP_URL": "amqp://guest:guest@127.0.0.1:1"}
    service = RabbitMQ(RabbitMQ.planned("test_a_12345678", ["amqp.url"], environ), "master")
    service.plan.management_url = "http://127.0.0.1:1"
    with pytest.raises(ServiceUnavailableError, match="rabbitmq-plugins enable"):
        service.start()
    service.stop()
