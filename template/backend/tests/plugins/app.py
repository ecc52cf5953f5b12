"""The application in process: a client with the lifespan entered, and WebSocket sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from backend.tests.plugins.once import session_value
from backend.tests.plugins.websocket import WebSocketSession

if TYPE_CHECKING:
    import httpx2
    from fastapi import FastAPI

    from backend.core.database import Database
    from backend.core.settings import AppSettings, Settings

BASE_URL = "http://test"

MakeClient = Callable[..., AbstractAsyncContextManager["httpx2.AsyncClient"]]


def http_scope(path: str) -> dict[str, Any]:
    """A GET request as a server passes it to the application, its path as the client wrote it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"test")],
    }


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Enter the app's lifespan and yield a client on it; exceptions of the app become 500s."""
    import httpx2

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def app_for(worker_settings: Settings) -> Callable[[Database], FastAPI]:
    """The worker's application on a database, kept: building one costs more than most tests."""
    from backend.main import create_app

    return cache(lambda database: create_app(worker_settings, database=database))


@pytest.fixture
def app(request: pytest.FixtureRequest, integration_db: Database) -> Iterator[FastAPI]:
    """The application on the test's database; its lifespan is entered by `client`."""
    app: FastAPI = session_value(request, "app_for")(integration_db)
    yield app
    app.dependency_overrides.clear()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """An async client on the application, in the test's own event loop."""
    async with running(app) as client:
        yield client


@pytest.fixture
def make_client(integration_db: Database, worker_settings: Settings) -> MakeClient:
    """A client on an app with settings of its own: `async with make_client(Settings(…))`."""

    @asynccontextmanager
    async def make(*settings: AppSettings) -> AsyncIterator[httpx2.AsyncClient]:
        from backend.core.settings import Settings
        from backend.main import create_app

        core = () if any(isinstance(given, Settings) for given in settings) else (worker_settings,)
        async with running(create_app(*core, *settings, database=integration_db)) as client:
            yield client

    return make


@pytest.fixture
def websocket_client(
    app: FastAPI, client: httpx2.AsyncClient
) -> Callable[..., AbstractAsyncContextManager[WebSocketSession]]:
    """Connects to the application: `async with websocket_client("/api/v1/events") as socket`."""

    def connect(path: str, **options: Any) -> AbstractAsyncContextManager[WebSocketSession]:
        return WebSocketSession(app, path, **options)

    return connect
