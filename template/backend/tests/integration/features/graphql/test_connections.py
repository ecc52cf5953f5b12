"""An operation always returns its connection."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from backend.core.database import Database
from backend.tests.async_utils import with_timeout
from backend.tests.fixtures.features.graphql.client import GraphQLClient, ask

HEALTH = "{ health { status } }"


def busy_connections(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def wait_for_busy_connections(database: Database, number: int) -> None:
    async def look() -> None:
        while busy_connections(database) != number:  # noqa: ASYNC110 - the pool has no event
            await asyncio.sleep(0.01)

    await with_timeout(look(), operation=f"waiting for {number} busy connections")


@pytest.fixture
def slow_check(app: FastAPI, client: httpx2.AsyncClient, integration_db: Database) -> asyncio.Event:
    """Makes the health check's query take 20 s; the event is set when it starts."""
    begun = asyncio.Event()

    async def check() -> None:
        async with integration_db.session() as session:
            begun.set()
            await session.execute(text("SELECT pg_sleep(20)"))

    app.state.health_checks = {"database": check}
    return begun


async def test_a_slow_one_ends_with_the_same_code_as_in_rest(
    graphql_client: GraphQLClient, slow_check: asyncio.Event, integration_db: Database
) -> None:
    answer = await graphql_client(HEALTH)
    assert answer.codes == ["unavailable"]
    assert answer.errors[0]["extensions"]["errors"][0]["loc"] == ["database"]
    assert busy_connections(integration_db) == 0


async def test_an_aborted_one_returns_its_connection(
    client: httpx2.AsyncClient, slow_check: asyncio.Event, integration_db: Database
) -> None:
    task = asyncio.create_task(ask(client, HEALTH))
    await with_timeout(slow_check.wait())
    await wait_for_busy_connections(integration_db, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_for_busy_connections(integration_db, 0)


async def test_an_unexpected_error_is_logged_and_not_exposed(
    graphql_client: GraphQLClient, app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    del app.state.health_checks
    answer = await graphql_client(HEALTH)
    assert answer.codes == ["internal_error"]
    assert answer.errors[0]["message"] == "An internal error occurred."
    assert "health_checks" not in str(answer)
    assert "graphql.failed" in capsys.readouterr().out
