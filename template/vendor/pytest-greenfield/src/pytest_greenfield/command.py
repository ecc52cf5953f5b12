"""The servers, for people: `pytest-greenfield check | serve | clean`.

check   try in seconds whether server, databases, restoring, limits and guard work on this machine
serve   a PostgreSQL for development with the database `dev`, until Ctrl-C; its data are kept;
        and a Redis where greenfield_environment names one, which begins empty
clean   remove what tests have left and cached; development databases stay
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_greenfield import names
from pytest_greenfield.check import check
from pytest_greenfield.development import read_environment, serve
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.postgres import binaries, cache, cluster, guard
from pytest_greenfield.services.postgres.account import server_account
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.service import PLACEHOLDER
from pytest_greenfield.services.used import KINDS, Services

_ROOT_FILES = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def clean() -> None:
    """Remove the tests' clusters and copies; on a given server, the databases of ended runs."""
    account = server_account()
    usual = cache.usual_cache_folder(account)
    folders = {cache.cache_folder(account), usual, cache.cluster_folder(account, usual)}
    for folder in sorted(folders):
        for path, removed in (
            cluster.prune(folder, older_than_days=0) | binaries.prune(folder)
        ).items():
            print(f"removed   {path}" if removed else f"kept      {path}, a run is using it")
    for path in child.prune():
        print(f"removed   {path}")
    clean_services()
    given = os.environ.get("TEST_DATABASE_URL", "").strip()
    if given:
        server, libpq = guard.resolve(given, os.environ)
        slug = names.project_slug(project_root())
        databases = Databases(server, libpq, slug=slug, run=names.new_run(), ours=False)
        for name in databases.drop_orphans(keep_templates=0):
            print(f"dropped   {name}")
        databases.close()


def clean_services() -> None:
    """On given servers, remove what ended runs have left."""
    # With all placeholders, as one of them may be asked for.
    names_of_all = [f"{name}.{part}" for name in KINDS for part in ("url", "prefix")]
    services = Services.plan(names_of_all, "test_clean_" + names.new_run(), os.environ)
    try:
        for service in services:
            if service.plan.source == "given":
                for name in service.drop_orphans():
                    print(f"dropped   {name}")
    finally:
        services.stop()


def _check() -> None:
    root = project_root()
    check(root, {name for line in read_environment(root) for name in PLACEHOLDER.findall(line)})


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
        "--env-file", type=Path, metavar="FILE", help="also write the variables into FILE"
    )
    commands.add_parser("clean")
    chosen = parser.parse_args(arguments)
    action: dict[str, Callable[[], None]] = {
        "check": _check,
        "serve": lambda: serve(project_root(), reset=chosen.reset, env_file=chosen.env_file),
        "clean": clean,
    }
    try:
        action[chosen.command]()
    except ServiceUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
