"""The migrations create the models' tables and can be undone, on the test's own databases."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_greenfield.fixtures import CloneDatabase
from sqlalchemy import Connection, inspect
from sqlalchemy.dialects.postgresql.base import PGInspector

from backend.core.database import Database
from backend.core.domains import load_metadata
from backend.tests.fixtures.database import make_settings

KEYS = "pk_constraint", "foreign_keys", "unique_constraints"
SCRIPTS = ScriptDirectory.from_config(Config("alembic.ini"))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


def run_alembic(run: Callable[..., None], connection: Connection, revision: str) -> None:
    """Run a command on a connection, which `migrations/env.py` takes from the attributes."""
    run(Config("alembic.ini", attributes={"connection": connection}), revision)


def read_schema(connection: Connection) -> set[str]:
    """Describe every table and enumerated type, without Alembic's own table."""
    inspector = inspect(connection)
    assert isinstance(inspector, PGInspector)
    schema = {f"type {enum}" for enum in inspector.get_enums()}
    for kind in ("columns", *KEYS, "check_constraints", "indexes"):
        for (_, table), found in getattr(inspector, f"get_multi_{kind}")().items():
            if table != "alembic_version":
                items = found if isinstance(found, list) else [found]
                schema |= {f"{kind} of {table}: {item}" for item in items}
    return schema


def test_there_is_one_newest_revision() -> None:
    assert len(SCRIPTS.get_heads()) <= 1, "merge them with `alembic merge heads`"


async def test_each_revision_is_undone_by_its_downgrade(isolated_db: Database) -> None:
    def go_down_and_up(connection: Connection) -> None:
        schemas = []
        for revision in [*REVISIONS[-2::-1], "base"]:
            schemas.append(read_schema(connection))
            run_alembic(command.downgrade, connection, revision)
        assert read_schema(connection) == set()
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
        async with isolated_db.engine.begin() as migrated, models.engine.begin() as described:
            for (name,) in await migrated.exec_driver_sql("SELECT extname FROM pg_extension"):
                await described.exec_driver_sql(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
            await described.run_sync(load_metadata().create_all)
            assert await migrated.run_sync(read_schema) == await described.run_sync(read_schema)
        await models.dispose()
