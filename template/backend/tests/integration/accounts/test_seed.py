"""The development accounts."""

import httpx2
import pytest
from pytest_greenfield.fixtures import CloneDatabase

from backend.accounts import seed
from backend.core.database import Database
from backend.core.settings import reset_settings_cache
from backend.seed import main


@pytest.mark.parametrize(("email", "role"), [(seed.ADMIN, "admin"), (seed.CUSTOMER, "customer")])
async def test_they_can_log_in(
    client: httpx2.AsyncClient, integration_db: Database, email: str, role: str
) -> None:
    assert seed.PHRASE in await seed.seed(integration_db)
    login = {"email": email, "password": seed.PHRASE}
    tokens = (await client.post("/api/v1/auth/login", json=login)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get("/api/v1/auth/me", headers=headers)).json()["role"] == role


async def test_a_database_that_is_not_there_or_has_no_tables_is_one_sentence(
    clone_database: CloneDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clone_database("seed", empty=True) as empty:
        for url, command in (
            (empty.url, "uv run alembic upgrade head"),
            ("postgresql://nobody@127.0.0.1:1/nothing", "uv run pytest-greenfield serve"),
        ):
            monkeypatch.setenv("DATABASE_URL", url)
            reset_settings_cache()
            with pytest.raises(SystemExit, match=command):
                await main()
