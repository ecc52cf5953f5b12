"""Time the calls that restore a database, in a loop without pytest. Prints seconds as JSON."""

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
from pytest_greenfield.restore.connection import RestoringConnection
from pytest_greenfield.services.postgres.service import Postgres

LOOPS = int(os.environ["BENCH_LOOPS"])


def timed(action: Callable[[], object], before: Callable[[], object] = lambda: None) -> list[float]:
    """Return how long each call of `action` takes; `before` is not counted."""
    seconds = []
    for _ in range(LOOPS):
        before()
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds


def write_two_tables(connection: psycopg.Connection) -> None:
    """Commit a row in each of two tables."""
    item = uuid.uuid4()
    with connection.transaction():
        connection.execute("INSERT INTO item (id, name, price) VALUES (%s, 'pair', 1)", [item])
        connection.execute("INSERT INTO part (id, item_id) VALUES (%s, %s)", [uuid.uuid4(), item])


def measure(postgres: Postgres) -> dict[str, list[float]]:
    """Time the calls on a worker's database."""
    postgres.start(lambda address: {"DATABASE_URL": address.url, "ENVIRONMENT": "test"})
    postgres.open_worker("master")
    address = postgres.worker_address("master")
    restoring = RestoringConnection(lambda: postgres.connect(address))
    application = postgres.connect(address)

    def restore() -> None:
        restoring.call("restore", "{}")

    restore()  # plans and caches are made
    return {
        "empty": timed(lambda: restoring.psycopg.pgconn.exec_(b"SELECT 1")),
        "nothing": timed(restore),
        "two": timed(restore, lambda: write_two_tables(application)),
    }


if __name__ == "__main__":
    server = Postgres.plan(root=Path.cwd(), settings_migrations="alembic.ini", environ=os.environ)
    try:
        print(json.dumps(measure(server)))
    finally:
        server.stop()
