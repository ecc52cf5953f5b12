"""Values that the database cannot store are client errors, with any schema."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from pydantic import BaseModel
from sqlalchemy import Integer, String, cast, literal, select

from backend.core.api.dependencies import SessionDep
from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fixtures.application import running


class Note(BaseModel):
    title: str
    count: int = 0


@pytest.fixture
async def notes(
    worker_settings: Settings, integration_db: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on an application whose routes pass their input to the database."""
    app = create_app(worker_settings, database=integration_db)

    @app.get("/notes")
    async def ask(session: SessionDep, title: str, count: int = 0) -> str:
        statement = select(cast(literal(title), String), cast(literal(count, Integer), Integer))
        return str((await session.execute(statement)).one()[0])

    @app.post("/notes")
    async def write(note: Note, session: SessionDep) -> str:
        return await ask(session, note.title, note.count)

    async with running(app) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("title=%00", None),
        ("title=a&count=99999999999999999999", None),
        ("", b'{"title": "a\\u0000"}'),
        ("", b'{"title": "a", "count": 99999999999999999999}'),
        ("", b'{"title": "a", "count": 3000000000}'),
        ("", b'{"\\ud800": 1}'),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    notes: httpx2.AsyncClient, query: str, body: bytes | None
) -> None:
    headers = {"Content-Type": "application/json"}
    method = "GET" if body is None else "POST"
    answer = await notes.request(method, f"/notes?{query}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_everything_else_is_stored(notes: httpx2.AsyncClient) -> None:
    answer = await notes.post("/notes", json={"title": "日本 😀", "count": 2**31 - 1})
    assert answer.json() == "日本 😀"
