"""A minimal aggregate: a table, a unit of work, and what it commits."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped

from backend.core.database import Database
from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.core.unit_of_work import UnitOfWork, make_factory


class Registry(DeclarativeBase):
    """Tables of this test, separate from the application's metadata."""

    metadata = type(Base.metadata)(naming_convention=Base.metadata.naming_convention)


class Note(UuidPrimaryKey, Timestamps, Registry):
    __tablename__ = "note"

    title: Mapped[str]


class NoteUnitOfWork(UnitOfWork):
    async def add(self, title: str) -> None:
        self._session.add(Note(title=title))
        await self._session.flush()

    async def count(self) -> int:
        return await self._session.scalar(select(func.count(Note.id))) or 0


@pytest.fixture
async def database(isolated_db: Database) -> Database:
    """A database with this test's table."""
    async with isolated_db.engine.begin() as connection:
        await connection.run_sync(Registry.metadata.create_all)
    return isolated_db


async def test_only_committed_changes_stay(database: Database) -> None:
    open_unit_of_work = make_factory(database, NoteUnitOfWork)
    async with open_unit_of_work() as work:
        await work.add("kept")
        await work.commit()
        await work.add("rolled back")
        await work.rollback()
        await work.add("forgotten")
    async with open_unit_of_work() as work:
        assert await work.count() == 1
