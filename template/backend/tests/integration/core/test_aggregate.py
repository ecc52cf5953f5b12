"""What a domain is made of, by the example of one that exists in this test only."""

from enum import StrEnum
from types import ModuleType
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend.core.api import router
from backend.accounts.api.paging import Paging
from backend.core.clock import utc_now
from backend.core.columns import Instant, choice
from backend.core.database import Database
from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.accounts.paging import Page, fetch_page
from backend.core.unit_of_work import UnitOfWork, UnitOfWorkFactory, make_factory
from backend.tests.fixtures.application import running


class Registry(DeclarativeBase):
    """Tables of this test: those of the application must not see them."""

    metadata = type(Base.metadata)(naming_convention=Base.metadata.naming_convention)


class Kind(StrEnum):
    """A choice."""

    SHORT = "short"


class Note(UuidPrimaryKey, Timestamps, Registry):
    """A row."""

    __tablename__ = "note"

    kind: Mapped[Kind] = mapped_column(choice(Kind, "kind"))
    read_at: Mapped[Instant | None]


class NoteUnitOfWork(UnitOfWork):
    """With one repository, in short."""

    async def add(self, count: int) -> None:
        self._session.add_all([Note(kind=Kind.SHORT, read_at=utc_now()) for _ in range(count)])
        await self._session.flush()

    async def list(self, cursor: str | None, limit: int) -> Page[Note]:
        key = (Note.created_at, Note.id)
        return await fetch_page(self._session, select(Note), key, cursor=cursor, limit=limit)


@pytest.fixture
async def open_unit_of_work(isolated_db: Database) -> UnitOfWorkFactory[NoteUnitOfWork]:
    """Opens units of work on a database with this test's table."""
    async with isolated_db.engine.begin() as connection:
        await connection.run_sync(Registry.metadata.create_all)
    return make_factory(isolated_db, NoteUnitOfWork)


async def test_what_is_committed_stays_and_nothing_else(
    open_unit_of_work: UnitOfWorkFactory[NoteUnitOfWork],
) -> None:
    async with open_unit_of_work() as work:
        await work.add(1)
        await work.commit()
        await work.add(1)
        await work.rollback()
        await work.add(1)
    async with open_unit_of_work() as work:
        assert len((await work.list(None, 10)).items) == 1


async def test_a_route_leads_through_all_pages(
    open_unit_of_work: UnitOfWorkFactory[NoteUnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_unit_of_work() as work:
        await work.add(5)
        await work.commit()
    routes = APIRouter()

    @routes.get("/notes")
    async def list_notes(paging: Paging) -> dict[str, Any]:
        async with open_unit_of_work() as work:
            page = await work.list(paging.cursor, paging.limit)
        return {"ids": [str(note.id) for note in page.items], "next": page.next_cursor}

    module = ModuleType("notes")
    module.__dict__["router"] = routes
    monkeypatch.setattr(router, "import_modules", lambda _name, _path: [module])
    package = ModuleType("routes")
    package.__path__ = []
    app = FastAPI()
    router.include_routers(app, package)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    async with running(app) as client:
        while True:
            page = (await client.get("/notes", params=params)).json()
            seen += page["ids"]
            if page["next"] is None:
                break
            params["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 5
