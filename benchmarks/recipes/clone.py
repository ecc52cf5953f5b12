"""A database for each test, cloned from a template and dropped afterwards."""

import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from backend.core.database import Database
from backend.core.settings import Settings

pytest_plugins = ("recipes.common", "recipes.session")

NUMBERS = itertools.count(1)


@pytest.fixture
async def database(settings: Settings, admin: "asyncpg.Connection[Any]") -> AsyncIterator[Database]:
    """A copy of the process's database, which nobody is connected to."""
    template = make_url(settings.database_url)
    name = f"test_bench_{os.getpid()}_{next(NUMBERS)}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template.database} STRATEGY FILE_COPY")
    url = template.set(database=name).render_as_string(hide_password=False)
    database = Database(settings.model_copy(update={"database_url": url}))
    yield database
    await database.dispose()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
