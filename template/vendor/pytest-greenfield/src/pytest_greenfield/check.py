"""`pytest-greenfield check`: whether everything that the plugin promises works on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.postgres import guard
from pytest_greenfield.services.postgres.service import Postgres
from pytest_greenfield.services.used import Services

_HANGING = """
import time

def test_it():
    time.sleep(60)
"""


def check(root: Path, placeholders: set[str]) -> None:
    """Try each part and each service of `placeholders`, and print a line for it.

    Raises ServiceUnavailableError at the first fault.
    """
    begun = time.monotonic()
    postgres = Postgres.plan(root=root, settings_migrations="none", environ=os.environ)
    try:
        postgres.start(lambda address: {"DATABASE_URL": address.url})
        print(f"server    {postgres.summary}, started in {time.monotonic() - begun:.1f} s")
        for note in postgres.notes:
            print(f"          {note}")
        postgres.open_worker("master")
        check_databases(postgres)
        check_restore(postgres)
    finally:
        postgres.stop()
    check_services(Services.plan(placeholders, "test_check_" + names.new_run(), os.environ))
    check_limits()
    check_guard()
    print(f"all of it took {time.monotonic() - begun:.1f} s")


def check_databases(postgres: Postgres) -> None:
    """See that a worker's database is dropped and made anew."""
    worker = postgres.worker_address("master")
    with postgres.connect(worker) as connection:
        connection.execute("CREATE TABLE checked (id int)")
    postgres.replace_worker_database()
    with postgres.connect(worker) as connection:
        row = connection.execute("SELECT to_regclass('checked')").fetchone()
    if row != (None,):
        raise ServiceUnavailableError("a new database of a worker was not empty: report this")
    print("databases made, dropped and made again")


def check_restore(postgres: Postgres) -> None:
    """Commit into a worker's database, and see that only the baseline's row is left."""
    from pytest_greenfield.restore.database import RestoredDatabase

    worker = postgres.worker_address("master")
    database = RestoredDatabase(
        lambda: postgres.connect(worker), postgres.replace_worker_database, lambda: None
    )
    try:
        mark = database.begin_fixture()
        with postgres.connect(worker) as connection:
            connection.execute("CREATE TABLE checked (id serial)")
            connection.execute("INSERT INTO checked DEFAULT VALUES")
        database.adopt(mark)
        with postgres.connect(worker) as connection:
            connection.execute("UPDATE checked SET id = 7")
            connection.execute("INSERT INTO checked DEFAULT VALUES")
        begun = time.perf_counter()
        database.restore()
        database.ready()
        seconds = time.perf_counter() - begun
        with postgres.connect(worker) as connection:
            connection.execute("INSERT INTO checked DEFAULT VALUES")
            rows = connection.execute("SELECT id FROM checked ORDER BY id").fetchall()
    finally:
        database.close()
    if rows != [(1,), (2,)]:
        raise ServiceUnavailableError(f"the database was not restored ({rows}): report this")
    print(f"restore   rows and a sequence, in {1000 * seconds:.1f} ms")


def check_services(services: Services) -> None:
    """Start each, write to it, and see that restoring removes that."""
    for service in services:
        begun = time.monotonic()
        try:
            service.start()
            service.open()
            seconds = time.monotonic() - begun
            is_there = service.probe()
            if not is_there():
                raise ServiceUnavailableError(f"{service.summary} forgets what was written")
            service.restore()
            if is_there():
                raise ServiceUnavailableError(f"{service.summary} was not restored: report this")
            print(f"{service.name:<9} {service.summary}, started in {seconds:.1f} s, restored")
        except ServiceUnavailableError as error:
            if not service.optional:
                raise
            print(f"{service.name:<9} not here: {error}")
        finally:
            service.close()
            service.stop()


def check_limits() -> None:
    """See that a test which hangs is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tests", "unit", "test_hanging.py")
        path.parent.mkdir(parents=True)
        path.write_text(_HANGING, "utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\ngreenfield_levels = unit=0.1\n", "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if "Timeout: still running after 0.1 s" not in done.stdout:
        raise ServiceUnavailableError(f"a hanging test was not stopped:\n{done.stdout}")
    print("limits    stop a test that hangs")


def check_guard() -> None:
    """See that a hosted database is refused."""
    try:
        guard.resolve("postgresql://app@db.example.com/app_test", {})
    except UnsafeDatabaseError:
        print("guard     refuses db.example.com")
        return
    raise ServiceUnavailableError("the guard did not refuse db.example.com: report this")
