"""The migrations lead to the models' tables, and back."""

from __future__ import annotations

import argparse
import asyncio
import io

import pytest
from alembic import command
from pytest_greenfield.fixtures import CloneDatabase

from backend.core.database import Database
from backend.core.models import Base
from backend.tests.integration.infrastructure.migrations import (
    Migrations,
    make_config,
    read_heads,
    read_revisions,
)


def test_there_is_one_newest_revision() -> None:
    assert len(read_heads()) <= 1, "two branches: merge them with `alembic merge heads`"


async def test_up_down_and_up_again_gives_the_same_tables(migrations: Migrations) -> None:
    await migrations.upgrade()
    tables = await migrations.read_schema()
    await migrations.downgrade()
    assert await migrations.read_schema() == []
    await migrations.upgrade()
    assert await migrations.read_schema() == tables


async def test_each_revision_is_undone_by_its_downgrade(migrations: Migrations) -> None:
    previous = "base"
    for revision in read_revisions():
        before = await migrations.read_schema()
        await migrations.upgrade(revision)
        after = await migrations.read_schema()
        await migrations.downgrade(previous)
        assert await migrations.read_schema() == before, f"{revision}: downgrade() left something"
        await migrations.upgrade(revision)
        assert await migrations.read_schema() == after, f"{revision}: upgrade() differs"
        previous = revision


async def test_autogenerate_finds_nothing_to_do(isolated_db: Database) -> None:
    if read_heads():  # without any, alembic has nothing to compare with
        await Migrations(isolated_db.engine).check()


async def test_the_migrations_make_what_the_models_describe(
    isolated_db: Database, clone_database: CloneDatabase
) -> None:
    migrated = Migrations(isolated_db.engine)
    extensions = await migrated.execute("SELECT extname FROM pg_extension")
    with clone_database("models", empty=True) as address:
        async with Migrations.on(address.url) as models:
            for (name,) in extensions:
                await models.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
            await models.create_all(Base.metadata)
            assert await migrated.read_schema() == await models.read_schema()


async def test_a_given_address_is_migrated_and_not_the_configured_one(
    migrations: Migrations, isolated_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = Migrations(isolated_db.engine)
    tables = await configured.read_schema()
    monkeypatch.setenv("DATABASE_URL", address_of(configured))
    given = make_config(cmd_opts=argparse.Namespace(x=[f"url={address_of(migrations)}"]))
    # In a thread: on the command line, alembic runs a loop of its own.
    await asyncio.to_thread(command.upgrade, given, "head")
    assert await migrations.read_schema() == tables
    await asyncio.to_thread(command.downgrade, given, "base")
    assert await migrations.read_schema() == []
    assert await configured.read_schema() == tables


async def test_without_one_the_configured_address_is_migrated(
    migrations: Migrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", address_of(migrations))
    await asyncio.to_thread(command.upgrade, make_config(), "head")
    assert await migrations.read_applied() == read_heads()


def test_the_sql_can_be_written_down_instead_of_run() -> None:
    written = io.StringIO()
    command.upgrade(make_config(output_buffer=written), "head", sql=True)
    for table in Base.metadata.sorted_tables:
        assert f"CREATE TABLE {table.name}" in written.getvalue().replace('"', "")


def address_of(migrations: Migrations) -> str:
    return migrations.engine.url.render_as_string(hide_password=False)
