"""A server that is not there, or goes away, is reported once, at once, with the command that
helps.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend.tests.plugins.inner_run import PLUGINS, InnerRun, RunInner, together
from backend.tests.plugins.postgres import template
from backend.tests.plugins.postgres.broker import Broker, Holder, ask
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.plugin import CloneDatabase
from backend.tests.plugins.postgres.urls import for_asyncpg

pytestmark = pytest.mark.slow
PLUGIN_NAMES = [f"backend.tests.plugins.{name}" for name in ("postgres.plugin", *PLUGINS)]
NEEDS_A_DATABASE = """
    import pytest

    @pytest.mark.parametrize("number", range(20))
    def test_database(worker_db_url, number):
        pass
"""
NEEDS_NONE = """
    def test_nothing():
        pass
"""


def suite(url: str, test: str = NEEDS_A_DATABASE) -> dict[str, str]:
    conftest = f"""
        import os, pytest
        os.environ["TEST_DATABASE_URL"] = {str(url)!r}
        pytest.register_assert_rewrite("backend.tests.plugins")
        pytest_plugins = {PLUGIN_NAMES}
    """
    return {
        "tests/conftest.py": conftest,
        "tests/integration/test_a.py": test,
        "tests/unit/test_b.py": NEEDS_NONE,
    }


def assert_reported_once(run: InnerRun, reason: str) -> None:
    assert run.exit_code == 2
    assert run.output.count(reason) == 1, run.output
    assert run.output.count("`unset TEST_DATABASE_URL`") <= 1
    assert "Traceback" not in run.output
    assert "hunter2" not in run.output
    assert not run.outcomes


def seconds_of(run: InnerRun) -> float:
    found = re.search(r"(?:no tests ran|1 passed) in ([0-9.]+)s", run.output)
    assert found, run.output
    return float(found[1])


def test_a_dead_server_is_reported_once_within_three_seconds(inner_run: RunInner) -> None:
    with socket.socket() as free, socket.create_server(("127.0.0.1", 0)) as silent:
        free.bind(("127.0.0.1", 0))  # bound, so that nobody else takes it, and not listening
        refusing, hanging = (
            f"postgresql://me:hunter2@127.0.0.1:{bound.getsockname()[1]}/test"
            for bound in (free, silent)
        )
        with_workers, forked, hung, alone, unit = together(
            partial(inner_run, suite(refusing), "-n2"),
            partial(inner_run, suite(refusing), "--forks=2"),
            partial(inner_run, suite(hanging)),
            partial(inner_run, suite(refusing)),
            partial(inner_run, suite(refusing), "tests/unit"),
        )
    # Three seconds are meant for a machine that has the time: more processes than cores take more.
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 1.0
    limit = 3 * max(1.0, busy) + 5 * seconds_of(unit)
    assert seconds_of(alone) < limit
    assert seconds_of(hung) < limit
    assert_reported_once(with_workers, "nobody answers at")
    assert_reported_once(forked, "nobody answers at")
    assert_reported_once(alone, "nobody answers at")
    assert_reported_once(hung, "refuses the log-in")
    assert unit.passed == {"test_nothing"}, "unit tests need no server"


class Cable:
    """Forwards connections to the run's server, until it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, back]
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    def cut(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in self._writers:
            writer.transport.abort()


@pytest.fixture
async def cable(worker_db_url: str) -> AsyncIterator[Cable]:
    cable = Cable(urlsplit(worker_db_url).port or 5432)
    cable.server = await asyncio.start_server(cable.forward, "127.0.0.1", 0)
    yield cable
    cable.server.close()


async def test_a_server_that_dies_in_the_middle_ends_the_run_at_its_first_failure(
    inner_run: RunInner,
    cable: Cable,
    worker_db_url: str,
    tmp_path: Path,
) -> None:
    assert cable.server is not None
    server = urlsplit(for_asyncpg(worker_db_url))
    port = cable.server.sockets[0].getsockname()[1]
    address = server.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}"
    url = server._replace(netloc=address).geturl()
    scissors = tmp_path / "scissors"
    source = f"""
        import pathlib, time, pytest

        @pytest.mark.parametrize("number", range(20))
        def test_database(worker_db_url, number):
            scissors = pathlib.Path({str(scissors)!r})
            scissors.touch()
            while scissors.exists():
                time.sleep(0.01)
            raise ConnectionError("the driver's own words")
    """
    running = asyncio.create_task(asyncio.to_thread(inner_run, suite(url, source)))
    while not running.done():
        if scissors.exists():
            cable.cut()
            scissors.unlink()
        await asyncio.sleep(0.01)
    run = await running
    # The unit test may have been before it.
    ran = [run.outcomes[name] for name in run.outcomes if name != "test_nothing"]
    assert ran == ["failed"], run.output
    (message,) = run.messages.values()
    assert "went away in the middle of the run" in message
    assert "Traceback" not in run.output
    assert "the driver's own words" not in run.output
    assert (server.password or "") not in run.output


async def test_a_broken_migration_is_named_with_its_line(
    tmp_path: Path, clone_database: CloneDatabase
) -> None:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = migrations\npath_separator = os\n"
    )
    (tmp_path / "migrations" / "env.py").write_text(
        "from alembic import context\n"
        "context.configure(connection=context.config.attributes['connection'])\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    (tmp_path / "migrations" / "versions" / "0001_a.py").write_text(
        "revision = '0001'\ndown_revision = None\n\ndef upgrade():\n    raise RuntimeError('no')\n"
    )
    expected = r"0001_a\.py, line 5: RuntimeError: no"
    async with clone_database("broken", empty=True) as url:
        with pytest.raises(ServerUnavailableError, match=expected):
            await asyncio.to_thread(template.migrate, url, tmp_path)


def test_the_controller_answers_only_who_knows_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SERVICES", "nothing")
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    broker = Broker(Holder())
    try:
        for _ in range(2):
            with pytest.raises(ServerUnavailableError, match="TEST_SERVICES=nothing is unknown"):
                ask(broker.address)
        with pytest.raises(ValueError, match="Expecting value"):
            ask({**broker.address, "token": "guess"})
    finally:
        broker.close()
