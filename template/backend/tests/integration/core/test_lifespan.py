"""An application can start and stop many times, and takes with it only what it made itself."""

import asyncio

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running


async def test_a_given_database_stays_open_when_the_app_stops(
    worker_settings: Settings, integration_db: Database
) -> None:
    app = create_app(worker_settings, database=integration_db)
    for _ in range(2):
        async with running(app) as client:
            assert (await client.get("/health/ready")).status_code == 200
    async with integration_db.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_database_of_its_own_is_closed_with_the_app(worker_settings: Settings) -> None:
    app = create_app(worker_settings)
    async with running(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        own: Database = app.state.database
        assert own.engine.pool.checkedin() == 1  # type: ignore[attr-defined]  # the queue's
    assert own.engine.pool.checkedin() == 0  # type: ignore[attr-defined]  # the queue's


async def test_each_start_makes_new_state(app: FastAPI) -> None:
    async with running(app):
        first = app.state.health_checks
    async with running(app):
        assert app.state.health_checks is not first


def test_a_test_client_with_an_event_loop_of_its_own_leaves_the_pool_usable(
    app: FastAPI, integration_db: Database, worker_loop: asyncio.AbstractEventLoop
) -> None:
    with TestClient(app) as client:
        assert client.get("/health/ready").status_code == 200

    worker_loop.run_until_complete(integration_db.ping())
