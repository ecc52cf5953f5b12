"""What one pytest process holds of PostgreSQL: a server, its own or the controller's, databases."""

from __future__ import annotations

from typing import Any

from backend.tests.plugins.postgres.broker import Broker, Holder, ask
from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.server import Server
from backend.tests.plugins.postgres.urls import DatabaseUrl


class PostgresSession:
    """Made at the start of every run; nothing is acquired before somebody asks."""

    def __init__(
        self, workerinput: dict[str, Any] | None = None, *, server: Server | None = None
    ) -> None:
        """Take xdist's `workerinput` in a worker, the controller's `server` in a forked one."""
        self._workerinput = workerinput
        self._server = server
        self._holder = Holder()
        self._broker: Broker | None = None
        self._databases: Databases | None = None
        self._worker_url: DatabaseUrl | None = None

    @property
    def in_worker(self) -> bool:
        """Say whether this is a worker of xdist."""
        return self._workerinput is not None

    def brief(self, workerinput: dict[str, Any]) -> None:
        """Tell a worker, from the controller, how to ask for the server."""
        if self._broker is None:
            self._broker = Broker(self._holder)
        workerinput["postgres_broker"] = self._broker.address

    def server(self) -> Server:
        """Return the run's server, held until `close`. Raises ServerUnavailableError."""
        return self._holder.server()

    def forked(self) -> PostgresSession:
        """Return what a forked worker holds: databases of its own, on a server that is not its own
        to let go of.
        """
        return PostgresSession(server=self._holder.used)

    def databases(self) -> Databases:
        """Return this process's databases, the worker's own one made.

        Raises ServerUnavailableError with one sentence.
        """
        if self._worker_url is None:
            if self._workerinput is None:
                server = self._server or self._holder.server()
            else:
                server = ask(self._workerinput["postgres_broker"])
            try:
                if self._databases is None:
                    self._databases = Databases(server)
                self._databases.drop_orphans()
                self._worker_url = self._databases.create()
            except ServerUnavailableError:
                raise
            except Exception as error:
                raise ServerUnavailableError(
                    f"{server.summary} does not let the tests make their databases"
                    f" ({type(error).__name__}: {error})"
                ) from error
        assert self._databases is not None
        return self._databases

    @property
    def worker_url(self) -> DatabaseUrl:
        """Return the SQLAlchemy URL of the worker's database."""
        self.databases()
        assert self._worker_url is not None
        return self._worker_url

    def why_dead(self) -> str | None:
        """Return a sentence when the server that is in use has gone away, else None."""
        if self._databases is None or self._databases.server.is_reachable():
            return None
        server = self._databases.server
        return f"{server} went away in the middle of the run: look into its log, and run again"

    def close_databases(self) -> None:
        """Drop the worker's databases."""
        if self._databases is not None:
            self._databases.close()
            self._databases = None

    def close(self) -> None:
        """Let go of the server; in a controller after all workers have ended."""
        self.close_databases()
        if self._broker is not None:
            self._broker.close()
        self._holder.close()
