"""PostgreSQL in a container, for machines with Docker (or Podman) and no server programs."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import socket
import struct
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.process import ReservedPort

IMAGE = "postgres:18-alpine"
_SETTINGS = (
    "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    " -c max_connections=200 -c jit=off -c autovacuum=off -c timezone=UTC"
)


def _daemon_host() -> str:
    if override := os.environ.get("TESTCONTAINERS_HOST_OVERRIDE"):  # testcontainers' own variable
        return override
    daemon = urlsplit(os.environ.get("DOCKER_HOST", ""))
    if daemon.scheme in ("tcp", "ssh", "http", "https") and daemon.hostname:
        return daemon.hostname
    # Inside a container the daemon's ports are the host's, which is the gateway.
    if Path("/.dockerenv").exists():
        routes = Path("/proc/net/route").read_text("ascii")
        if gateway := re.search(r"(?m)^\S+\t00000000\t([0-9A-F]{8})\t", routes):
            return socket.inet_ntoa(struct.pack("<L", int(gateway.group(1), 16)))
    return "127.0.0.1"


class Container:
    """A planned, then a running container."""

    def __init__(self) -> None:
        """Choose the address, and start nothing; raise ServiceUnavailableError."""
        if importlib.util.find_spec("testcontainers") is None:
            raise ServiceUnavailableError(
                "testcontainers is not installed: `uv add --dev 'pytest-greenfield[docker]'`"
            )
        self._port = ReservedPort()
        password = secrets.token_hex(24)
        host = _daemon_host()
        self.address = Address(host, self._port.number, "postgres", password, "postgres")
        self._container: Any = None

    def start(self) -> None:
        """Start it at the chosen address; raise ServiceUnavailableError."""
        import docker
        from testcontainers.community.postgres import PostgresContainer

        try:
            docker.from_env(timeout=5).ping()
        except Exception as error:  # the client raises whatever its transports raise
            raise ServiceUnavailableError(
                f"no Docker daemon answers ({type(error).__name__}): start it, or `uv sync` and"
                " `unset TEST_SERVICES` to use the embedded server"
            ) from None
        if Path("/.dockerenv").exists():
            os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
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
