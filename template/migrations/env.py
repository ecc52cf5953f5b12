"""How Alembic reaches the database.

The connection comes from, in this order: `config.attributes["connection"]` (a caller's own, for
tests), `alembic -x url=...`, and the application's `DATABASE_URL`.
"""

import asyncio
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, pool
from sqlalchemy.ext.asyncio import create_async_engine

from backend.core.domains import load_metadata
from backend.core.settings import Settings, load_settings


def find_url() -> str:
    """Return the address to migrate: `-x url=`, else the settings'."""
    given = context.get_x_argument(as_dictionary=True).get("url")
    return (Settings(database_url=given) if given else load_settings(Settings)).database_url


def print_step(*, step: Any, **_: Any) -> None:
    """Say which revision was applied or taken back; Alembic itself says nothing."""
    print("upgraded to" if step.is_upgrade else "downgraded from", step.up_revision_id)


def migrate(connection: Connection | None = None, /, **options: Any) -> None:
    """Run the revisions, each in a transaction of its own; without a connection, print the SQL."""
    context.configure(
        connection=connection,
        target_metadata=load_metadata(),
        compare_server_default=True,
        transaction_per_migration=True,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Open one connection for the length of the migration."""
    url = make_url(find_url())
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate, on_version_apply=print_step)
    except OSError as error:
        raise CommandError(
            f"There is no PostgreSQL at {url.host}:{url.port or 5432} ({error.strerror or error}). "
            "Start one with: uv run pytest-greenfield serve --env-file .env"
        ) from None
    finally:
        await engine.dispose()


if context.is_offline_mode():
    migrate(url=find_url(), literal_binds=True)
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(connect_and_migrate())
