"""Health, on a real database and on one that is not there."""

import httpx2

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running


async def test_ready_asks_the_database(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["components"]["database"] == "ok"


async def test_without_its_database_it_is_alive_and_not_ready() -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/test"
    async with running(create_app(Settings(database_url=url))) as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Not ready: database."
    assert "nobody" not in answer.text
