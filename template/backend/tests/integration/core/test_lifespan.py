"""An application can start and stop repeatedly, and closes only what it created."""

import asyncio

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.pool import QueuePool

from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running


async def test_a_database_of_its_own_is_closed_with_the_app(worker_settings: Settings) -> None:
    app = create_app(worker_settings)
    async with running(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        pool = app.state.database.engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedin() == 1
    assert pool.checkedin() == 0


def test_a_test_client_with_an_event_loop_of_its_own_leaves_the_pool_usable(
    app: FastAPI, integration_db: Database, worker_loop: asyncio.AbstractEventLoop
) -> None:
    with TestClient(app) as client:
        assert client.get("/health/ready").status_code == 200
    worker_loop.run_until_complete(integration_db.ping())
