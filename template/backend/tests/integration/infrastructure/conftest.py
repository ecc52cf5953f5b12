"""Alembic on databases of a test's own: the configured one is never changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.tests.integration.infrastructure.migrations import Migrations
from backend.tests.plugins.postgres.plugin import CloneDatabase


@pytest.fixture
async def migrations(clone_database: CloneDatabase) -> AsyncIterator[Migrations]:
    """The project's migrations, on a new database without any table."""
    async with clone_database("migrations", empty=True) as url, Migrations.on(url) as migrations:
        yield migrations
