"""Fixtures of the project that reach a database."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from backend.core.database import Database
from backend.core.settings import Settings, load_settings

NAME = text("SELECT current_database()")


async def test_all_sessions_are_on_the_database_that_the_environment_names(
    worker_settings: Settings,
    db_session: AsyncSession,
    session: AsyncSession,
    test_db: async_sessionmaker[AsyncSession],
) -> None:
    assert load_settings(Settings).database_url == worker_settings.database_url
    async with test_db() as third:
        names = {await one.scalar(NAME) for one in (db_session, session, third)}
    assert len(names) == 1
    assert worker_settings.database_url.endswith(f"/{names.pop()}")


async def test_commits_of_an_isolated_session_are_seen_by_nobody_else(
    session: AsyncSession, db_session: AsyncSession
) -> None:
    await session.execute(text("CREATE TABLE isolated (id int)"))
    await session.commit()
    await session.rollback()
    there = text("SELECT to_regclass('isolated')")
    assert await session.scalar(there) == "isolated"
    assert await db_session.scalar(there) is None


async def test_ddl_goes_to_a_database_of_the_tests_own(
    isolated_db: Database, integration_db: Database
) -> None:
    async with isolated_db.session() as own, integration_db.session() as shared:
        assert await own.scalar(NAME) != await shared.scalar(NAME)
        await own.execute(text("CREATE TABLE note (id int)"))
        await own.commit()
        assert await own.scalar(text("SELECT count(*) FROM note")) == 0
