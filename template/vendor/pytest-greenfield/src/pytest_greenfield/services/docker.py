"""What every container of ours needs: a Docker daemon (or Podman's), and testcontainers."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import struct
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.ports import ReservedPort


def check_installed() -> None:
    """Raise ServiceUnavailableError where testcontainers is missing."""
    if importlib.util.find_spec("testcontainers") is None:
        raise ServiceUnavailableError(
            "testcontainers is not installed: `uv add --dev 'pytest-greenfield[docker]'`"
        )


def check_daemon() -> None:
    """Raise ServiceUnavailableError where no daemon answers."""
    import docker

    try:
        docker.from_env(timeout=5).ping()
    except Exception as error:  # the client raises whatever its transports raise
        raise ServiceUnavailableError(
            f"no Docker daemon answers ({type(error).__name__}): start it, or `uv sync` and"
            " `unset TEST_SERVICES` to use the embedded server"
        ) from None
    if Path("/.dockerenv").exists():
        os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")


def daemon_host() -> str:
    """Return the host at which the ports of containers are found."""
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
    """A running container of `image`; `ports` gives the host's port for each of its own."""

    def __init__(
        self, image: str, ports: dict[int, ReservedPort], command: str = "", **variables: str
    ) -> None:
        """Start it; raise ServiceUnavailableError."""
        check_daemon()
        from testcontainers.core.container import DockerContainer

        self._container: Any = DockerContainer(image).with_envs(**variables)
        if command:
            self._container.with_command(command)
        # A port of all interfaces would be open to the whole network.
        local = daemon_host() == "127.0.0.1"
        for inner, outer in ports.items():
            outer.release()
            number = outer.number
            self._container.ports[str(inner)] = ("127.0.0.1", number) if local else number
        try:
            self._container.start()
        except Exception as error:
            self.stop()
            raise ServiceUnavailableError(
                f"the container {image} did not start ({type(error).__name__}: {error}):"
                f" try `docker run --rm {image}`"
            ) from None

    alive = True  # as far as we know: its server answers, or not

    def stop(self) -> None:
        """Remove the container."""
        self._container.stop()
