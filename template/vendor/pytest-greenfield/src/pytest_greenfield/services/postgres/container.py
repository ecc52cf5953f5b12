"""PostgreSQL in a container, for machines with Docker (or Podman) and no server programs."""

from __future__ import annotations

import secrets
from typing import Any

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.docker import check_daemon, check_installed, daemon_host
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.address import Address

IMAGE = "postgres:18-alpine"
_SETTINGS = (
    "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    " -c max_connections=200 -c jit=off -c autovacuum=off -c timezone=UTC"
)


class Container:
    """A planned, then a running container."""

    def __init__(self) -> None:
        """Choose the address, and start nothing; raise ServiceUnavailableError."""
        check_installed()
        self._port = ReservedPort()
        password = secrets.token_hex(24)
        host = daemon_host()
        self.address = Address(host, self._port.number, "postgres", password, "postgres")
        self._container: Any = None

    def start(self) -> None:
        """Start it at the chosen address; raise ServiceUnavailableError."""
        from testcontainers.community.postgres import PostgresContainer

        check_daemon()
        self._port.release()
        at = self.address
        self._container = PostgresContainer(
            IMAGE, username=at.user, password=at.password, dbname=at.database, driver=None
        )
        # A port of all interfaces would be open to the whole network.
        local = at.host == "127.0.0.1"
        self._container.ports["5432"] = ("127.0.0.1", at.port) if local else at.port
        self._container.with_command(_SETTINGS)
        self._container.with_tmpfs_mount("/var/lib/postgresql")
        try:
            self._container.start()
        except Exception as error:
            self.stop()
            raise ServiceUnavailableError(
                f"the container {IMAGE} did not start ({type(error).__name__}: {error}):"
                f" try `docker run --rm {IMAGE} postgres --version`"
            ) from None

    def stop(self) -> None:
        """Remove the container."""
        self._port.release()
        if self._container is not None:
            self._container.stop()
            self._container = None
