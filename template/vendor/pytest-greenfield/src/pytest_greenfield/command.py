"""PostgreSQL for people: `pytest-greenfield check | serve | clean`.

check   try in seconds whether server, databases, restoring, limits and guard work on this machine
serve   a PostgreSQL for development with the database `dev`, until Ctrl-C; its data are kept
clean   remove what tests have left and cached; development databases stay
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import select
import signal
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from pytest_greenfield import names
from pytest_greenfield.check import check
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres import binaries, cache, cluster, guard, process
from pytest_greenfield.services.postgres.account import Account, server_account
from pytest_greenfield.services.postgres.address import Address, connect
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.postgres.service import OWN_LIBPQ
from pytest_greenfield.services.used import KINDS, Services

_ROOT_FILES = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def serve(*, reset: bool = False, env_file: Path | None = None) -> None:
    """Run the project's development server until Ctrl-C and print its URL, which stays the same.

    With `env_file`, the variables of the application are also written into that file.
    """
    account = server_account()
    folder = cache.cache_folder(account)
    found = binaries.ensure_accessible(binaries.find(), account)
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
    stop = StopSignal()
    server, lines = _start_development(home, found, account, lock)
    if env_file is not None:
        write_variables(env_file, lines)
    print(f"Written into {env_file}:" if env_file is not None else "For .env:")
    for line in lines:
        print(line, flush=True)
    while server.alive and not stop.wait(0.5):
        pass
    print("stopped" if stop.wait(0) else f"the server has ended, see {home / 'server.log'}")
    server.stop()


class StopSignal:
    """Ctrl-C or SIGTERM, which from now on do nothing but end the wait for them.

    Not KeyboardInterrupt, which is lost where it strikes in a destructor, and not an Event: its
    lock may be held by the very code that the signal interrupts.
    """

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os.write(writing, b"."))

    def wait(self, seconds: float) -> bool:
        """Say whether it came, now or within so many seconds."""
        return bool(select.select([self._reading], [], [], seconds)[0])


def _start_development(
    home: Path, found: binaries.Binaries, account: Account, lock: int
) -> tuple[process.Server, list[str]]:
    password = cache.kept_password(home)
    settings = cluster.DEVELOPMENT_SETTINGS
    development = cluster.Cluster(home, found, account, password, settings, lock)
    port = ReservedPort(_read(home / "port"))
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
    dev = address.with_database("dev")
    print(f"PostgreSQL {found.version}, data in {home}; Ctrl-C stops it.")
    return server, _variables(project_root(), dev)


def write_variables(path: Path, lines: list[str]) -> None:
    """Set variables in a file such as `.env`; other values that are there become comments."""
    before = path.read_text("utf-8").splitlines() if path.exists() else []
    names = {line.partition("=")[0] for line in lines}
    kept = [
        f"#{line}" if line.partition("=")[0] in names and line not in lines else line
        for line in before
    ]
    path.touch(mode=0o600)  # a URL holds a password
    new = [line for line in lines if line not in before]
    path.write_text("\n".join([*kept, *new, ""]), "utf-8")


def _environment(root: Path) -> list[str]:
    """Return the lines of greenfield_environment."""
    try:
        tools = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
        lines = tools.get("ini_options", tools)["greenfield_environment"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        lines = ["DATABASE_URL={postgres.url}"]
    texts = lines.splitlines() if isinstance(lines, str) else [str(line) for line in lines]
    return [text.strip() for text in texts]


def _variables(root: Path, address: Address) -> list[str]:
    """Return those that say where the database is."""
    placeholder = re.compile(r"\{postgres\.(\w+)\}")
    return [
        placeholder.sub(lambda match: str(getattr(address, match[1], match[0])), text)
        for text in _environment(root)
        if placeholder.search(text)
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def clean() -> None:
    """Remove the tests' clusters and copies; on a given server, the databases of ended runs."""
    account = server_account()
    usual = cache.usual_cache_folder(account)
    folders = {cache.cache_folder(account), usual, cache.cluster_folder(account, usual)}
    for folder in sorted(folders):
        for path, removed in cluster.prune(folder, older_than_days=0).items():
            print(f"removed   {path}" if removed else f"kept      {path}, a run is using it")
        for pattern in ("binaries-*", "new-binaries-*"):
            for path in folder.glob(pattern):
                cache.remove(path)
                print(f"removed   {path}")
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
    for service in Services.plan(names_of_all, "test_clean_" + names.new_run(), os.environ):
        if service.plan.source == "given":
            for name in service.drop_orphans():
                print(f"dropped   {name}")
        service.stop()


def _check() -> None:
    root = project_root()
    check(
        root, {name for line in _environment(root) for name in re.findall(r"\{(\w+\.\w+)\}", line)}
    )


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
        "check": _check,
        "serve": lambda: serve(reset=chosen.reset, env_file=chosen.env_file),
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
