"""PostgreSQL in a container, for machines with Docker (or Podman) and no server programs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.urls import DatabaseUrl

IMAGE = "postgres:18-alpine"


@contextmanager
def started() -> Iterator[tuple[DatabaseUrl, str, str]]:
    """Give URL, version and description of a fresh server that lives as long as the block.

    Raises ServerUnavailableError when testcontainers is not installed or no daemon answers.
    """
    try:
        import docker
        from testcontainers.community.postgres import PostgresContainer
    except ImportError:
        raise ServerUnavailableError(
            "testcontainers is not installed (`uv sync --group docker`)"
        ) from None
    try:
        docker.from_env(timeout=2).ping()
    except Exception as error:  # the client raises whatever its transports raise
        raise ServerUnavailableError(f"no Docker daemon answers ({type(error).__name__})") from None
    container = PostgresContainer(
        IMAGE,
        username="postgres",
        password=secrets.token_urlsafe(24),
        dbname="postgres",
        driver=None,
    )
    container.with_command(
        "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        " -c max_connections=200 -c jit=off -c autovacuum=off -c timezone=UTC"
    )
    container.with_tmpfs_mount("/var/lib/postgresql")
    if Path("/.dockerenv").exists():
        # Inside a container the mapped ports are the host's, not ours.
        os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    elif not os.environ.get("DOCKER_HOST", "").startswith(("tcp:", "ssh:")):
        # By default a port is open to the whole network; Docker's own client takes such a pair.
        loopback: Any = ("127.0.0.1",)
        container.ports["5432"] = loopback
    try:
        container.start()
    except Exception as error:
        container.stop()
        raise ServerUnavailableError(
            f"the container {IMAGE} did not start ({type(error).__name__}: {error})"
        ) from None
    try:
        version = container.exec(["postgres", "--version"]).output.decode().split()[2]
        yield DatabaseUrl(container.get_connection_url()), version, IMAGE
    finally:
        container.stop()
