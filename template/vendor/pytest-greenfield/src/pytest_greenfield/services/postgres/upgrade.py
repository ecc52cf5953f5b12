"""The process that migrates one database: `python -m pytest_greenfield.services.postgres.upgrade`.

Reads what to do from standard input, and writes its answer as the last line of standard output. A
connection to any other place is refused before it is made: an `env.py` may read settings of its own
and would migrate a developer's database.
"""

from __future__ import annotations

import asyncio
import configparser
import importlib
import importlib.util
import inspect
import json
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.postgres.address import Address

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_HEADS = """
    SELECT format('%I.%I', nspname, relname) FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE attname = 'version_num' AND relkind = 'r'
"""
_OBJECTS = "SELECT count(*) FROM pg_depend WHERE objid >= 16384"  # the system's own have less


class Guard:
    """Refuses connections to anything but one database."""

    def __init__(self, address: Address) -> None:
        """Watch Python's sockets, and the engines of SQLAlchemy where it is installed."""
        self.refusal = ""
        self._address = address
        self._places = _resolved(address)
        sys.addaudithook(self._on_audit)
        if importlib.util.find_spec("sqlalchemy"):
            from sqlalchemy import Engine, event

            event.listen(Engine, "do_connect", self._on_engine)

    def _refuse(self, place: str) -> None:
        self.refusal = (
            f"the migrations would connect to {place} instead of the tests' own database, and were"
            " stopped before: let the address in `greenfield_environment` reach the variable that"
            ' they read, or set greenfield_migrations = "package.module:function"'
        )
        raise UnsafeDatabaseError(self.refusal)

    def _on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "socket.connect" or not isinstance(arguments[0], socket.socket):
            return
        connecting, place = arguments
        if connecting.type != socket.SOCK_STREAM:
            return
        if connecting.family in (socket.AF_INET, socket.AF_INET6):
            if (place[0], place[1]) not in self._places:
                self._refuse(f"{place[0]}:{place[1]}")
        elif ".s.PGSQL." in str(place) and place not in self._places:
            self._refuse(str(place))

    def _on_engine(self, dialect: Any, _: object, positional: list[Any], named: Any) -> None:
        if dialect.name != "postgresql":
            self._refuse(f"a database of {dialect.name}")
        values = {**_parsed([*positional, named.get("dsn"), named.get("conninfo")]), **named}
        host = str(values.get("hostaddr") or values.get("host") or os.environ["PGHOST"])
        port = str(values.get("port") or os.environ["PGPORT"])
        name = str(values.get("dbname") or values.get("database") or os.environ["PGDATABASE"])
        own = self._address
        same = host.lower() == own.host.lower() or {host, own.host} <= _LOCAL
        if not same or port != str(own.port) or name != own.database:
            self._refuse(f"{host}:{port}/{name}")


def _resolved(address: Address) -> set[Any]:
    if address.host.startswith("/"):
        return {f"{address.host}/.s.PGSQL.{address.port}"}
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {(place[4][0], address.port) for place in found} | {(address.host, address.port)}


def _parsed(strings: list[Any]) -> dict[str, Any]:
    from psycopg.conninfo import conninfo_to_dict

    values: dict[str, Any] = {}
    for text in strings:
        if isinstance(text, str):
            values.update(conninfo_to_dict(text))
    return values


def run_alembic(setting: str, root: Path, address: Address) -> None:
    """Upgrade to the head, on a connection of ours or on the one that `env.py` makes."""
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory
        from alembic.util.exc import CommandError
        from sqlalchemy import create_engine, pool
    except ImportError as error:
        raise ServiceUnavailableError(
            f'greenfield_migrations = "{setting}", but {error.name} is not installed:'
            f" `uv add {error.name}`"
        ) from None
    config = Config(str(root / setting))
    try:
        script = ScriptDirectory.from_config(config)
        heads = set(script.get_heads())
    except (CommandError, KeyError, configparser.Error) as error:
        raise ServiceUnavailableError(
            f"the migrations of {setting} cannot be read ({_first_line(error)}): correct"
            f" script_location in {setting}, or greenfield_migrations"
        ) from None
    if len(heads) > 1:
        raise ServiceUnavailableError(
            f"the migrations have {len(heads)} heads ({', '.join(sorted(heads))}):"
            " `uv run alembic merge heads`"
        )
    scheme = _scheme(config)
    url = address.url.replace("postgresql", scheme, 1)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    ours = address.url.replace("postgresql", "postgresql+psycopg", 1)
    engine = create_engine(ours, poolclass=pool.NullPool)
    # Not `begin()`: a revision with `autocommit_block()` could not run in it.
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()  # what env.py began on its own
    reached = _revisions(address)
    if reached != heads:
        at = ", ".join(reached) or "no revision"
        raise ServiceUnavailableError(
            f"the migrations ran, but the tests' database is at {at} instead of"
            f" {', '.join(heads)}, so they went elsewhere: let the address in"
            " `greenfield_environment` reach the variable that env.py reads, or set"
            ' greenfield_migrations = "package.module:function"'
        )


def _scheme(config: Any) -> str:
    """Return the scheme that `env.py` expects of `sqlalchemy.url`: that of the configured one."""
    try:
        configured = str(config.get_main_option("sqlalchemy.url") or "")
    except Exception:  # an interpolation that only env.py completes
        configured = ""
    scheme = configured.partition("://")[0]
    # psycopg serves create_engine and create_async_engine alike.
    return scheme if scheme.startswith("postgresql+") else "postgresql+psycopg"


def _revisions(address: Address) -> set[str]:
    from pytest_greenfield.services.postgres.address import connect

    found: set[str] = set()
    with connect(address, _libpq()) as connection:
        # Under whatever name and in whatever schema env.py keeps it.
        for (table,) in connection.execute(_HEADS.encode()).fetchall():
            query = f"SELECT version_num FROM {table}"  # noqa: S608 - quoted by the server
            rows = connection.execute(query.encode()).fetchall()
            found |= {str(row[0]) for row in rows}
    return found


def _libpq() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PG")}


def run_function(setting: str, address: Address) -> None:
    """Call `package.module:function` with the URL; it may be async."""
    from pytest_greenfield.services.postgres.address import connect

    module, _, name = setting.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ServiceUnavailableError(
            f'greenfield_migrations = "{setting}" cannot be imported ({_first_line(error)}): write'
            ' "package.module:function", as seen from the folder of pyproject.toml'
        ) from None
    result = function(address.url)
    if inspect.isawaitable(result):
        asyncio.run(_finished(result))
    with connect(address, _libpq()) as connection:
        row = connection.execute(_OBJECTS.encode()).fetchone()
    if row is None or not row[0]:
        raise ServiceUnavailableError(
            f'greenfield_migrations = "{setting}" left the database empty: let the function use the'
            ' URL that it is given, and commit; or write "none" for an empty database'
        )


async def _finished(result: Any) -> None:
    await result


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _explained(error: BaseException, root: Path) -> str:
    """Name the file and the line at which it went wrong, in one line."""
    at = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            at = f" at {path.relative_to(root)}, line {frame.lineno}"
    kind = type(getattr(error, "orig", None) or error).__name__
    sentence = f"the migrations fail on an empty database{at}: {kind}: {_first_line(error)}"
    if "extension" in sentence and "not available" in sentence:
        sentence += ": name a server that has it, `export TEST_DATABASE_URL=…`"
    return sentence


def main() -> None:
    """Run what standard input says; the answer is a sentence, empty when all is well."""
    spec = json.load(sys.stdin)
    root, address = Path(spec["root"]), Address.load(spec["address"])
    sentence = ""
    guard: Guard | None = None
    try:
        guard = Guard(address)
        if ":" in spec["setting"]:
            run_function(spec["setting"], address)
        else:
            run_alembic(spec["setting"], root, address)
    except ServiceUnavailableError as error:
        sentence = str(error)
    except BaseException as error:
        sentence = _explained(error, root)
    if sentence and guard and guard.refusal:
        sentence = guard.refusal  # what came of it does not matter
    sys.stdout.write("\n" + json.dumps({"sentence": sentence}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # whatever threads the application has started


if __name__ == "__main__":
    main()
