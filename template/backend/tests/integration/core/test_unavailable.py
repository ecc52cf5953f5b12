"""An unavailable or busy database causes a 503 that can be retried, not a 500."""

import pytest
from sqlalchemy import text

from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running

ONE = "SELECT 1"
LOCK = "SELECT pg_advisory_xact_lock(1)"
NO_CONNECTION_LEFT = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}


async def test_without_its_database_an_app_is_alive_and_not_ready() -> None:
    settings = Settings(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/test")
    async with running(create_app(settings)) as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "Not ready: database.")
    assert "nobody" not in answer.text


@pytest.mark.parametrize(
    ("limits", "first", "second"),
    [
        (NO_CONNECTION_LEFT, ONE, ONE),
        ({"lock_timeout": 0.05}, LOCK, LOCK),
        ({"statement_timeout": 0.05}, ONE, "SELECT pg_sleep(5)"),
    ],
    ids=["connection", "lock", "statement"],
)
async def test_every_wait_is_limited(
    worker_settings: Settings, limits: dict[str, object], first: str, second: str
) -> None:
    update = {f"database_{name}": value for name, value in limits.items()}
    database = Database(worker_settings.model_copy(update=update))
    async with database.session() as one:
        await one.execute(text(first))
        with pytest.raises(UnavailableError):
            async with database.session() as other:
                await other.execute(text(second))
    await database.dispose()
