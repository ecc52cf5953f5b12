"""What routes are given comes from the app that serves them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.api.dependencies import DatabaseDep, SessionDep, SettingsDep
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running


class OneSession(FakeDatabase):
    """Hands out sessions without an engine, and tells which are open."""

    def __init__(self) -> None:
        """Start with no session open."""
        super().__init__()
        self.open: list[AsyncSession] = []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a session that is bound to nothing."""
        session = AsyncSession()
        self.open.append(session)
        yield session
        self.open.remove(session)


async def test_a_request_gets_its_apps_settings_database_and_a_session_of_its_own() -> None:
    settings, database = Settings(), OneSession()
    seen: list[object] = []
    app = create_app(settings, database=database)

    @app.get("/look")
    async def look(given: SettingsDep, base: DatabaseDep, session: SessionDep) -> None:
        assert given is settings
        assert base is database
        assert database.open == [session]
        seen.append(session)

    async with running(app) as client:
        for _ in range(2):
            assert (await client.get("/look")).status_code == 200
    assert len(set(map(id, seen))) == 2
    assert database.open == []


async def test_a_session_is_closed_before_the_response_is_sent() -> None:
    database = OneSession()
    app = create_app(Settings(), database=database)
    open_when_sent: list[int] = []

    @app.get("/look")
    async def look(session: SessionDep) -> None:
        assert database.open == [session]

    def watch(inner: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def watched_send(message: Message) -> None:
                open_when_sent.append(len(database.open))
                await send(message)

            await inner(scope, receive, watched_send)

        return watched

    app.add_middleware(watch)
    async with running(app) as client:
        await client.get("/look")
    assert open_when_sent == [0, 0]
