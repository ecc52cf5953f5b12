"""Alembic on databases of a test's own: the configured one is never changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pytest_greenfield.fixtures import CloneDatabase

from backend.tests.integration.infrastructure.migrations import Migrations


@pytest.fixture
async def migrations(clone_database: CloneDatabase) -> AsyncIterator[Migrations]:
    """The project's migrations, on a new database without any table."""
    with clone_database("migrations", empty=True) as address:
        async with Migrations.on(address.url) as migrations:
            yield migrations
