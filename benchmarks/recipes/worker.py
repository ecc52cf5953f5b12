"""A database for each process of the run, with all tables."""

import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from backend.bench.models import Base

SERVER = os.environ["BENCH_SERVER"]


@pytest.fixture(scope="session")
async def admin() -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to the maintenance database."""
    connection = await asyncpg.connect(SERVER)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def worker_url(admin: "asyncpg.Connection[Any]") -> AsyncIterator[str]:
    """The URL of this process's own database, with all tables."""
    name = f"test_bench_{os.getpid()}"
    await admin.execute(f"CREATE DATABASE {name}")
    url = make_url(SERVER).set(drivername="postgresql+asyncpg", database=name)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    yield url.render_as_string(hide_password=False)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
