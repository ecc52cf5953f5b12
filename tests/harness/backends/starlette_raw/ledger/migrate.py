"""`python -m ledger.migrate`: apply the files of sql/ that were not applied yet."""

import asyncio
import os
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent.parent / "sql"


async def apply(connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE TABLE IF NOT EXISTS applied (file text PRIMARY KEY)")
    done = {row["file"] for row in await connection.fetch("SELECT file FROM applied")}
    for path in sorted(FOLDER.glob("*.sql")):
        if path.name not in done:
            async with connection.transaction():
                await connection.execute(path.read_text(encoding="utf-8"))
                await connection.execute("INSERT INTO applied VALUES ($1)", path.name)


def migrate(dsn: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await apply(connection)
        finally:
            await connection.close()

    asyncio.run(run())


if __name__ == "__main__":
    migrate(os.environ["LEDGER_DSN"])
