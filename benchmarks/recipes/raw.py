"""(f) The floor of a database test: BEGIN and ROLLBACK on one asyncpg connection, no SQLAlchemy.

At its end it also times BEGIN…ROLLBACK in a loop, without pytest, into $BENCH_OUT.
"""

import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

LOOPS = 500


@pytest.fixture(scope="session")
async def connection() -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The one connection."""
    connection = await asyncpg.connect(os.environ["BENCH_SERVER"])
    yield connection
    samples = []
    for _ in range(LOOPS):
        start = time.perf_counter()
        await connection.execute("BEGIN")
        await connection.execute("ROLLBACK")
        samples.append(time.perf_counter() - start)
    Path(os.environ["BENCH_OUT"], "raw.samples").write_text(json.dumps(samples))
    await connection.close()


@pytest.fixture
async def db_session(
    connection: "asyncpg.Connection[Any]",
) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The connection, in a transaction."""
    await connection.execute("BEGIN")
    yield connection
    await connection.execute("ROLLBACK")
