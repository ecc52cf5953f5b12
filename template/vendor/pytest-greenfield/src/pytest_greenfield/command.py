"""PostgreSQL for people: `pytest-greenfield check | serve | clean`.

check   prove in seconds that the tests' server, databases, restoring and guard work on this machine
serve   a PostgreSQL for development with the database `dev`, until Ctrl-C; its data are kept
clean   remove what tests have left and cached; development databases stay
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.postgres import binaries, cache, cluster, guard, process
from pytest_greenfield.services.postgres.account import Account, server_account
from pytest_greenfield.services.postgres.address import Address, connect
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.postgres.service import OWN_LIBPQ, Postgres

_ROOT_FILES = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def check() -> None:
    """Try each part and print one line for it; raise ServiceUnavailableError at the first fault."""
    root = project_root()
    begun = time.monotonic()
    postgres = Postgres.plan(root=root, settings_migrations="none", environ=os.environ)
    try:
        postgres.start(lambda address: {"DATABASE_URL": address.url})
        print(f"server    {postgres.summary}, started in {time.monotonic() - begun:.1f} s")
        for note in postgres.notes:
            print(f"          {note}")
        postgres.open_worker("master")
        worker = postgres.worker_address("master")
        with postgres.connect(worker) as connection:
            connection.execute("CREATE TABLE checked (id int)")
        postgres.replace_worker_database()
        with postgres.connect(worker) as connection:
            row = connection.execute("SELECT to_regclass('checked')").fetchone()
        if row != (None,):
            raise ServiceUnavailableError("a new database of a worker was not empty: report this")
        print("databases made, dropped and made again")
        check_restore(postgres)
        check_guard()
    finally:
        postgres.stop()
    print(f"all of it took {time.monotonic() - begun:.1f} s")


def check_restore(postgres: Postgres) -> None:
    """Commit into a prepared database and see it restored. (The part of `restore`.)"""
    from pytest_greenfield import restore

    address = postgres.clone("check", empty=True)
    with postgres.connect(address) as connection:
        connection.execute("CREATE TABLE checked (id int)")
        restore.prepare(connection)
        connection.execute("INSERT INTO checked VALUES (1)")
    postgres.drop(address)
    print(f"restore   prepared, version {restore.VERSION}")


def check_guard() -> None:
    """See that a hosted database is refused."""
    try:
        guard.resolve("postgresql://app@db.example.com/app_test", {})
    except UnsafeDatabaseError:
        print("guard     refuses db.example.com")
        return
    raise ServiceUnavailableError("the guard did not refuse db.example.com: report this")


def serve(*, reset: bool = False, env_file: Path | None = None) -> None:
    """Run the project's development server until Ctrl-C and print its URL, which stays the same.

    With `env_file`, the URL is also written into that file.
    """
    account = server_account()
    folder = cache.cache_folder(account)
    found = binaries.within_reach(binaries.find(), account)
    root = project_root()
    # Two checkouts with the same name have a database each.
    digest = hashlib.blake2b(str(root).encode(), digest_size=4).hexdigest()
    home = folder / f"development-{names.project_slug(root)}-{digest}-{found.major}"
    lock = cache.try_lock(cluster.lock_of(home))
    if lock is None:
        raise ServiceUnavailableError(
            f"the development server of {root} runs already, at port {_read(home / 'port')}"
        )
    if reset:
        process.stop_leftover(home / "data")
        cache.remove(home)
        print(f"removed   {home}")
    cluster.make_folder(home, account)
    server, url = _start_development(home, found, account, lock)
    print(f"PostgreSQL {found.version}, data in {home}; Ctrl-C stops it.")
    if env_file is None:
        print("For .env:")
    else:
        write_url(env_file, url)
        print(f"Written into {env_file}:")
    print(f"DATABASE_URL={url}", flush=True)
    try:
        while server.alive:
            time.sleep(0.5)
        print(f"the server has ended, see {home / 'server.log'}", file=sys.stderr)
    finally:
        server.stop()


def _start_development(
    home: Path, found: binaries.Binaries, account: Account, lock: int
) -> tuple[process.Server, str]:
    password = cache.kept_password(home)
    settings = cluster.DEVELOPMENT_SETTINGS
    development = cluster.Cluster(home, found, account, password, settings, lock)
    port = process.ReservedPort(_read(home / "port"))
    port.release()
    try:
        server = development.start(port.number)
    except cluster.DamagedClusterError as error:
        raise ServiceUnavailableError(
            f"the development server does not start ({error}); its data are in {home}:"
            " `pytest-greenfield serve --reset` deletes them and begins anew"
        ) from None
    (home / "port").write_text(str(port.number), "ascii")
    address = Address("127.0.0.1", port.number, "postgres", password, "postgres")
    with connect(address, OWN_LIBPQ) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'dev'").fetchone()
        if row is None:
            connection.execute("CREATE DATABASE dev")
    return server, address.with_database("dev").url


def write_url(path: Path, url: str) -> None:
    """Set DATABASE_URL in a file of variables; another one that is there becomes a comment."""
    line = f"DATABASE_URL={url}"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    if line in lines:
        return
    kept = [f"#{one}" if one.startswith("DATABASE_URL=") else one for one in lines]
    path.touch(mode=0o600)  # the URL holds a password
    path.write_text("\n".join([*kept, line, ""]), "utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def clean() -> None:
    """Remove the tests' clusters and copies; on a given server, the databases of ended runs."""
    account = server_account()
    folders = {cache.cache_folder(account), cache.usual_cache_folder(account)}
    for folder in sorted(folders):
        for path, removed in cluster.prune(folder, older_than_days=0).items():
            print(f"removed   {path}" if removed else f"kept      {path}, a run is using it")
        for pattern in ("binaries-*", "new-binaries-*"):
            for path in folder.glob(pattern):
                cache.remove(path)
                print(f"removed   {path}")
    given = os.environ.get("TEST_DATABASE_URL", "").strip()
    if given:
        server, libpq = guard.resolve(given, os.environ)
        slug = names.project_slug(project_root())
        databases = Databases(server, libpq, slug=slug, run=names.new_run(), ours=False)
        for name in databases.drop_orphans(keep_templates=0):
            print(f"dropped   {name}")
        databases.close()


def project_root() -> Path:
    """Return the folder of the project around the current one."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in _ROOT_FILES):
            return folder
    return here


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; return 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="pytest-greenfield",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    serving = commands.add_parser("serve")
    serving.add_argument("--reset", action="store_true", help="delete its data first")
    serving.add_argument(
        "--env-file", type=Path, metavar="FILE", help="also write DATABASE_URL into FILE"
    )
    commands.add_parser("clean")
    chosen = parser.parse_args(arguments)
    action: dict[str, Callable[[], None]] = {
        "check": check,
        "serve": lambda: serve(reset=chosen.reset, env_file=chosen.env_file),
        "clean": clean,
    }
    try:
        action[chosen.command]()
    except ServiceUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        with suppress(BrokenPipeError):
            print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
