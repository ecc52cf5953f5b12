"""The shop, with a payment gateway on a socket of its own, and people who are logged in to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug import Request, Response

from backend.tests.e2e.shop.people import NewPerson, Person, log_in, register
from backend.tests.factories import PASSWORD, CustomerFactory
from backend.tests.fakes.http_server import QuickServer
from backend.tests.fixtures.live_server import LiveServer

SECRETS = {
    "AUTH_SIGNING_KEY": "the-key-that-signs-the-tokens-of-e2e-tests",
    "PAYMENT_GATEWAY_KEY": "the-key-by-which-the-gateway-knows-this-shop",
}


@pytest.fixture(scope="session")
def gateway_process() -> Iterator[HTTPServer]:
    """One gateway for the worker's server."""
    with QuickServer() as server:
        yield server


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps files."""
    return tmp_path_factory.mktemp("files") / "media"


@pytest.fixture(scope="session")
def live_server_env(gateway_process: HTTPServer, media_folder: Path) -> Mapping[str, str]:
    """Where the gateway is and where files go; nothing that would only cost time."""
    return {
        **SECRETS,
        "ARGON2_MEMORY_KIB": "8",
        "ARGON2_TIME_COST": "1",
        "MEDIA_ROOT": str(media_folder),
        "PAYMENT_BACKOFF": "0",
        "PAYMENT_BREAKER_THRESHOLD": "1000",  # one test's outage is no other test's
        "PAYMENT_GATEWAY_URL": gateway_process.url_for(""),
    }


@pytest.fixture
def gateway(gateway_process: HTTPServer) -> Iterator[HTTPServer]:
    """The gateway's server. Approves, unless a test tells it something else first."""
    gateway_process.clear()
    gateway_process.expect_request("/charges", method="POST").respond_with_handler(approve)
    yield gateway_process
    gateway_process.clear()


def approve(request: Request) -> Response:
    """Take the money."""
    reference = f"ch_{request.headers['Idempotency-Key']}"
    return Response(json.dumps({"reference": reference, "approved": True}))


@pytest.fixture
async def clients(live_server: LiveServer) -> AsyncIterator[Callable[[], httpx2.AsyncClient]]:
    """Makes clients, each with connections of its own; closed at the end."""
    async with AsyncExitStack() as stack:

        def open_client() -> httpx2.AsyncClient:
            client = httpx2.AsyncClient(base_url=live_server.url, timeout=20)
            stack.push_async_callback(client.aclose)
            return client

        yield open_client


@pytest.fixture
def new_customer(
    clients: Callable[[], httpx2.AsyncClient], unique_email: Callable[[], str]
) -> NewPerson:
    """Registers somebody and logs them in: `buyer = await new_customer()`."""

    async def new_customer() -> Person:
        return await register(clients(), unique_email())

    return new_customer


@pytest.fixture
async def customer(new_customer: NewPerson) -> Person:
    """Somebody who is logged in."""
    return await new_customer()


@pytest.fixture
async def admin(clients: Callable[[], httpx2.AsyncClient], db_session: AsyncSession) -> Person:
    """An admin. Nobody registers as one, so the account comes from the database."""
    account = await CustomerFactory.create(db_session, admin=True)
    return await log_in(clients(), account.email, PASSWORD)
