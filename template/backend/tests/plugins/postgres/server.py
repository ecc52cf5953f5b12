"""The rule that picks a server: the URL that was given, else this machine's binaries, else a
container, else a sentence.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from backend.tests.plugins.postgres import binaries as binaries_
from backend.tests.plugins.postgres import guard
from backend.tests.plugins.postgres.account import server_account
from backend.tests.plugins.postgres.cache import cache_folder, cluster_folder
from backend.tests.plugins.postgres.cluster import locate_for_tests
from backend.tests.plugins.postgres.errors import HELP, RefusedError, ServerUnavailableError
from backend.tests.plugins.postgres.lease import leased
from backend.tests.plugins.postgres.urls import DatabaseUrl, for_asyncpg, masked

_REACH_SECONDS = 1.5  # a dead server is reported within three


@dataclass(frozen=True)
class Server:
    """A PostgreSQL on which databases may be created."""

    url: DatabaseUrl
    """The maintenance database, `postgresql://user:password@host:port/name`."""
    source: str
    """`given`, `embedded` or `docker`."""
    version: str
    """Such as `18.6`."""
    detail: str
    """For people: where the server comes from, and what they should know about it."""

    @property
    def ours(self) -> bool:
        """Say whether the whole server was started for tests."""
        return self.source != "given"

    @property
    def major(self) -> int:
        """Return the major version, such as 18."""
        return int(self.version.split(".")[0])

    @property
    def summary(self) -> str:
        """Return such as `PostgreSQL 18.6 embedded`."""
        return f"PostgreSQL {self.version} {self.source}"

    def __str__(self) -> str:
        return f"{self.summary} ({self.detail})"

    def is_reachable(self) -> bool:
        """Say whether anybody listens at the server's address."""
        return _unreachable(self.url) is None


@contextmanager
def acquire() -> Iterator[Server]:
    """Give the server that the environment asks for, and let go of it at the block's end.

    Raises ServerUnavailableError with one sentence: RefusedError for a server that tests must not
    touch.
    """
    guard.check_environment()
    given = os.environ.get("TEST_DATABASE_URL", "").strip()
    wanted = os.environ.get("TEST_SERVICES", "").strip() or "auto"
    sources: dict[str, Callable[[], AbstractContextManager[Server]]]
    sources = {"embedded": _embedded, "docker": _docker}
    if wanted not in ("auto", *sources):
        raise RefusedError(
            f"TEST_SERVICES={wanted} is unknown:"
            " `export TEST_SERVICES=auto`, `embedded` or `docker`"
        )
    with ExitStack() as stack:
        if given:
            yield stack.enter_context(_given(given))
            return
        failures: list[str] = []
        for name, start in sources.items():
            if wanted in ("auto", name):
                try:
                    server = stack.enter_context(start())
                except ServerUnavailableError as error:
                    failures.append(f"{name}: {error}")
                else:
                    yield server
                    return
        raise ServerUnavailableError(f"no PostgreSQL for the tests ({'; '.join(failures)}): {HELP}")


@contextmanager
def _given(url: str) -> Iterator[Server]:
    guard.check_url(url)
    dsn = for_asyncpg(url)
    problem = _unreachable(dsn)
    if problem:
        raise ServerUnavailableError(
            f"nobody answers at TEST_DATABASE_URL={masked(url)} ({problem}): start that server, "
            "or `unset TEST_DATABASE_URL` to use the embedded one"
        )
    version = asyncio.run(_log_in(dsn, masked(url)))
    yield Server(dsn, "given", version, masked(url))


@contextmanager
def _embedded() -> Iterator[Server]:
    account = server_account()
    cache = cache_folder(account)
    found = binaries_.within_reach(binaries_.find(), account, cache.folder)
    cluster = locate_for_tests(found, account, cluster_folder(account, cache.folder))
    with leased(cluster, found, account) as port:
        password = quote(cluster.password.read_text("utf-8").strip(), safe="")
        url = DatabaseUrl(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
        detail = "; ".join(filter(None, (f"{found.origin}, log {cluster.log}", cache.note)))
        yield Server(url, "embedded", found.version, detail)


@contextmanager
def _docker() -> Iterator[Server]:
    from backend.tests.plugins.postgres.container import (
        started,
    )  # testcontainers is optional and slow to import

    with started() as (url, version, detail):
        yield Server(url, "docker", version, detail)


def _unreachable(url: str) -> str | None:
    """Return why nobody answers at the URL's address, or None; it takes _REACH_SECONDS at most."""
    parts = urlsplit(url)
    if not parts.hostname or "," in parts.netloc:
        return (
            None  # a socket folder or several hosts: left to the log-in, which has a time limit too
        )
    address = (parts.hostname, parts.port or 5432)
    said: list[str | None] = []

    def knock() -> None:
        try:
            socket.create_connection(address, timeout=_REACH_SECONDS).close()
            said.append(None)
        except OSError as error:
            said.append(str(error))

    # In a thread, because looking up a name has no time limit of its own.
    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(_REACH_SECONDS)
    return said[0] if said else f"no answer within {_REACH_SECONDS:g} s"


async def _log_in(dsn: str, shown: str) -> str:
    """Return the version of a given server; raise ServerUnavailableError where tests could not work
    on it.
    """
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=_REACH_SECONDS)
    except (
        OSError,
        TimeoutError,
        ValueError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        reason = f"{type(error).__name__} {error}".strip().replace(dsn, shown)
        raise ServerUnavailableError(
            f"TEST_DATABASE_URL={shown} refuses the log-in: {reason}"
        ) from None
    try:
        row = await connection.fetchrow(
            "SELECT current_setting('server_version') AS version, current_user AS name,"
            " rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user"
        )
    finally:
        await connection.close()
    if row is None or not row["may"]:
        name = row["name"] if row else "the user"
        raise ServerUnavailableError(
            f"the user of TEST_DATABASE_URL={shown} may not create databases, and every"
            f' worker needs its own: `ALTER ROLE "{name}" CREATEDB;`'
        )
    version: str = row["version"]
    return version.split()[0]
