"""Root and health, on a real database and on one that is not there."""

import socket

import httpx2
from fastapi import FastAPI

from backend import __version__
from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running


async def test_the_root_says_what_answers(
    client: httpx2.AsyncClient, worker_settings: Settings
) -> None:
    answer = await client.get("/")
    assert answer.json() == {"service": worker_settings.service_name, "version": __version__}


async def test_a_live_process_needs_no_database(worker_settings: Settings) -> None:
    nowhere = worker_settings.model_copy(
        update={"database_url": "postgresql+asyncpg://nobody@127.0.0.1:1/test"}
    )
    async with running(create_app(nowhere)) as client:
        answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_asks_the_database(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["components"]["database"] == "ok"


async def test_without_its_database_it_is_not_ready_and_says_so(worker_settings: Settings) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else can take the port
        bound.bind(("127.0.0.1", 0))
        url = f"postgresql+asyncpg://nobody@127.0.0.1:{bound.getsockname()[1]}/test"
        database = Database(worker_settings.model_copy(update={"database_url": url}))
        async with running(create_app(worker_settings, database=database)) as client:
            answer = await client.get("/health/ready")
        await database.dispose()
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Not ready: database."
    assert url not in answer.text


async def test_one_component_that_fails_is_named_and_the_others_are_not(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    async def fail() -> None:
        raise ConnectionError("password=hunter2")

    app.state.health_checks["neighbour"] = fail
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert [error["loc"] for error in answer.json()["errors"]] == [["neighbour"]]
    assert "hunter2" not in answer.text
