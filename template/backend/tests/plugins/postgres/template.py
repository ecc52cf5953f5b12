"""The migrated database that all others are cloned from: made once per state of the migrations,
kept between runs.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.names import PROJECT_ROOT
from backend.tests.plugins.postgres.urls import for_sqlalchemy

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migrations_hash(root: Path = PROJECT_ROOT) -> str:
    """Return 12 hex digits for the content of `migrations/` and alembic.ini; the models do not
    matter.
    """
    digest = hashlib.blake2b(digest_size=6)
    files = [
        root / "alembic.ini",
        *sorted((root / "migrations").rglob("*.py")),
        *sorted((root / "migrations").rglob("*.sql")),
    ]
    for path in files:
        if path.is_file():
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def has_migrations(root: Path = PROJECT_ROOT) -> bool:
    """Say whether there is a revision at all."""
    return (root / "alembic.ini").is_file() and any(
        (root / "migrations" / "versions").glob("[!_]*.py")
    )


def migrate(url: str, root: Path = PROJECT_ROOT) -> None:
    """Bring the database at `url` to the newest revision, in this process; whatever goes wrong is a
    ServerUnavailableError that names the line."""
    failure: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_upgrade(url, root))
        except BaseException as error:  # handed to the caller below
            failure.append(error)

    # In a thread, because the caller may be a fixture inside a running loop.
    thread = threading.Thread(target=work, name="postgres-migrate")
    thread.start()
    thread.join()
    if failure:
        raise ServerUnavailableError(_explained(failure[0], root)) from failure[0]


def _explained(error: BaseException, root: Path) -> str:
    """Name the line of the migrations at which it went wrong, if there is one."""
    where = [
        f" at {Path(frame.filename).relative_to(root)}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(root / "migrations")
    ]
    return (
        f"the migrations fail on an empty database{where[-1] if where else ''}:"
        f" {type(error).__name__}: {str(error).strip()}"
    )


async def _upgrade(url: str, root: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    config = Config(str(root / "alembic.ini"))
    config.set_main_option("script_location", str(root / "migrations").replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    engine = create_async_engine(for_sqlalchemy(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
