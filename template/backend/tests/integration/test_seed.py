"""Sample rows for development (`python -m backend.seed`) of all domains."""

import pytest
from sqlalchemy import func, select

from backend.core.database import Database
from backend.core.domains import load_metadata
from backend.core.settings import reset_settings_cache
from backend.seed import main


async def count_rows(database: Database) -> dict[str, int]:
    """Count the rows of each table that has some."""
    async with database.session() as session:
        counts = {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in load_metadata().sorted_tables
        }
    return {name: count for name, count in counts.items() if count}


async def test_a_second_run_adds_nothing(integration_db: Database) -> None:
    sentences = await main()
    assert all(sentences)
    rows = await count_rows(integration_db)
    assert await main() == sentences
    assert await count_rows(integration_db) == rows


async def test_production_gets_no_rows_with_a_known_password(
    integration_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await count_rows(integration_db)
    url = integration_db.engine.url.set(password="nR3vVq0mYk1cXw8sT5bJ7hLz2pDf9gAe")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("ENVIRONMENT", "production")
    reset_settings_cache()
    with pytest.raises(SystemExit, match="ENVIRONMENT is production"):
        await main()
    assert await count_rows(integration_db) == before
