import os

import asyncpg
import httpx
import pytest
from ledger.app import app


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
async def started_app(anyio_backend):
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(started_app):
    transport = httpx.ASGITransport(app=started_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def connection():
    connection = await asyncpg.connect(os.environ["LEDGER_DSN"])
    yield connection
    await connection.close()


@pytest.fixture(scope="package", autouse=True)
async def alice(started_app):
    """A customer with money, for all tests."""
    pool = started_app.state.pool
    number = await pool.fetchval("INSERT INTO ledger.accounts (name) VALUES ('alice') RETURNING id")
    await pool.execute(
        "INSERT INTO ledger.transfers (source, target, amount) VALUES (1, $1, 100)", number
    )
    return number
