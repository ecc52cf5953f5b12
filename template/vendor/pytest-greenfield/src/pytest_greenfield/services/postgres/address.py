"""Where a database is, and the plugin's own connections to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    import psycopg


PLACEHOLDERS = ("url", "address", "host", "port", "user", "password", "database")


@dataclass(frozen=True)
class Address:
    """A database on a server; printing it never shows the password."""

    host: str
    """A name, an IP address, or the folder of a Unix socket."""
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: tuple[tuple[str, str], ...] = ()
    """Query parameters of the URL that only the application's driver understands."""

    @property
    def url(self) -> str:
        """Return `postgresql://user:password@host:port/database`."""
        return f"postgresql://{self.address}"

    @property
    def address(self) -> str:
        """Return the URL without its scheme, for another one such as `postgresql+asyncpg://`."""
        credentials = quote(self.user, safe="")
        if self.password:
            credentials += ":" + quote(self.password, safe="")
        place, options = f"{self.host}:{self.port}", [*self.options]
        if ":" in self.host:
            place = f"[{self.host}]:{self.port}"
        if self.host.startswith("/"):
            place, options = "", [("host", self.host), ("port", str(self.port)), *options]
        query = f"?{urlencode(options)}" if options else ""
        return f"{credentials}@{place}/{quote(self.database, safe='')}{query}"

    def values(self) -> dict[str, str]:
        """Return what stands for the placeholders."""
        return {f"postgres.{part}": str(getattr(self, part)) for part in PLACEHOLDERS}

    def with_database(self, name: str) -> Address:
        """Return the address of another database of the same server."""
        return replace(self, database=name)

    def variables(self) -> dict[str, str]:
        """Return the address as libpq's variables."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    def export(self) -> dict[str, Any]:
        """Return a form that JSON can carry, for `load`."""
        return asdict(self)

    @classmethod
    def load(cls, exported: dict[str, Any]) -> Address:
        """Return what was exported."""
        options = tuple((name, value) for name, value in exported["options"])
        return cls(**{**exported, "options": options})


@contextmanager
def libpq_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Let libpq see these variables during the block, and none of the shell's."""
    saved = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    if saved == variables:  # no change of os.environ, which the plugin watches
        yield
        return
    for name in saved:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]
        os.environ.update(saved)


def connect(
    address: Address, variables: Mapping[str, str], *, timeout: int = 10
) -> psycopg.Connection:
    """Connect with autocommit; `variables` are libpq's, the shell's do not matter."""
    import psycopg  # 0.1 s, which a run of unit tests need not spend

    with libpq_environment(variables):
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password or None,
            dbname=address.database,
            connect_timeout=int(variables.get("PGCONNECT_TIMEOUT", timeout)),
            client_encoding="utf8",  # else text is bytes on a server in SQL_ASCII
            autocommit=True,
        )
