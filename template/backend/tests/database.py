"""PostgreSQL for people: `uv run python -m backend.tests.database check | serve | clean`.

check   which server the tests would use, and what state their template is in
serve   a PostgreSQL for development with the database `dev`, until Ctrl-C; data are kept
clean   remove what tests have left and cached; the development database stays
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from urllib.parse import quote

from backend.tests.plugins.postgres import binaries, cluster
from backend.tests.plugins.postgres.account import server_account
from backend.tests.plugins.postgres.admin import Admin
from backend.tests.plugins.postgres.cache import cache_folder, cluster_folder
from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.lease import leased
from backend.tests.plugins.postgres.locks import locked
from backend.tests.plugins.postgres.names import project_slug
from backend.tests.plugins.postgres.server import acquire


def check() -> None:
    """Print the server, the template's state and what ended runs have left."""
    with acquire() as server:
        print(f"server    {server}")
        databases = Databases(server)
        try:
            name = databases.template_name()
            state = (
                "ready" if databases.exists(name) else "is built by the first test that needs it"
            )
            print(f"template  {name} {state}")
        finally:
            databases.close()


def serve() -> None:
    """Run the development server until Ctrl-C and print its URL, which stays the same."""
    account = server_account()
    cache = cache_folder(account)
    found = binaries.within_reach(binaries.find(), account, cache.folder)
    home = cluster.locate_for_development(found, account, cache.folder, project_slug())
    remembered = home.folder / "port"
    wanted = int(remembered.read_text("utf-8")) if remembered.exists() else 0
    with leased(home, found, account, port=wanted) as port:
        remembered.write_text(str(port), "utf-8")
        password = quote(home.password.read_text("utf-8").strip(), safe="")
        address = f"postgres:{password}@127.0.0.1:{port}"
        admin = Admin(f"postgresql://{address}/postgres")
        try:
            if not admin.value("SELECT count(*) FROM pg_database WHERE datname = 'dev'"):
                admin.execute("CREATE DATABASE dev")
            print(f"PostgreSQL {found.version}, data in {home.data}; Ctrl-C stops it. For .env:")
            print(f"DATABASE_URL=postgresql+asyncpg://{address}/dev", flush=True)
            while admin.value("SELECT 1"):
                time.sleep(1)
        finally:
            admin.close()


def clean() -> None:
    """Drop databases of ended runs and all unused templates, then remove cached clusters."""
    with acquire() as server:
        databases = Databases(server)
        try:
            for name in databases.drop_orphans(keep_templates=0):
                print(f"dropped   {name}")
        finally:
            databases.close()
        if server.source != "embedded":
            return
    account = server_account()
    cache = cache_folder(account).folder
    kept = [*cluster_folder(account, cache).glob("postgres-*"), *cache.glob("postgres-*")]
    for folder in {*kept, *cache.glob("binaries-*")}:
        lease = folder / "lease.lock"
        try:
            if lease.exists():
                # The exclusive lease waits for the supervisor to have stopped the server.
                with locked(lease, patience=5):
                    shutil.rmtree(folder)
            else:
                shutil.rmtree(folder)
            print(f"removed   {folder}")
        except TimeoutError:
            print(f"kept      {folder}, a run is using it")


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; return 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.tests.database",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands: dict[str, Callable[[], None]] = {"check": check, "serve": serve, "clean": clean}
    parser.add_argument("command", choices=commands)
    try:
        commands[parser.parse_args(arguments).command]()
    except ServerUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
