"""The migrations lead to the models' tables, and back; on databases of the test's own."""

from collections.abc import Callable
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_greenfield.fixtures import CloneDatabase
from sqlalchemy import Connection, inspect
from sqlalchemy.dialects.postgresql.base import PGInspector

from backend.core.database import Database
from backend.core.domains import load_metadata
from backend.tests.fixtures.database import make_settings

KINDS = (
    *("columns", "pk_constraint", "foreign_keys"),
    *("unique_constraints", "check_constraints", "indexes"),
)
SCRIPTS = ScriptDirectory.from_config(Config("alembic.ini"))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


def run_alembic(run: Callable[..., None], connection: Connection, revision: str) -> None:
    """Run a command on a connection; `migrations/env.py` takes it from the attributes."""
    config = Config("alembic.ini", attributes={"connection": connection})
    run(config, revision)


def read_schema(connection: Connection) -> dict[str, Any]:
    """Describe every table and enumerated type, without Alembic's own table."""
    inspector = inspect(connection)
    assert isinstance(inspector, PGInspector)
    schema: dict[str, Any] = {"enums": inspector.get_enums()}
    for kind in KINDS:
        for (_, table), items in getattr(inspector, f"get_multi_{kind}")().items():
            if table != "alembic_version":
                schema[f"{table}: {kind}"] = sorted(map(repr, items), key=str)
    return schema


def test_there_is_one_newest_revision() -> None:
    assert len(SCRIPTS.get_heads()) <= 1, "merge them with `alembic merge heads`"


async def test_each_revision_is_undone_by_its_downgrade(isolated_db: Database) -> None:
    def go_down_and_up(connection: Connection) -> None:
        schemas = []
        for revision in [*REVISIONS[-2::-1], "base"]:
            schemas.append(read_schema(connection))
            run_alembic(command.downgrade, connection, revision)
        assert [name for name in read_schema(connection) if ":" in name] == []
        for revision in REVISIONS:
            run_alembic(command.upgrade, connection, revision)
            assert read_schema(connection) == schemas.pop(), revision

    async with isolated_db.engine.connect() as connection:
        await connection.run_sync(go_down_and_up)


async def test_the_migrations_make_what_the_models_describe(
    isolated_db: Database, clone_database: CloneDatabase
) -> None:
    with clone_database("models", empty=True) as address:
        models = Database(make_settings(address.url))
        async with (
            isolated_db.engine.begin() as migrated,
            models.engine.begin() as described,
        ):
            for (name,) in await migrated.exec_driver_sql("SELECT extname FROM pg_extension"):
                await described.exec_driver_sql(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
            await described.run_sync(load_metadata().create_all)
            assert await migrated.run_sync(read_schema) == await described.run_sync(read_schema)
        await models.dispose()
