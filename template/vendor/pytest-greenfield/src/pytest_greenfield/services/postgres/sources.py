"""Which server of our own a run uses: the embedded one, or a container."""

from __future__ import annotations

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.postgres.container import Container
from pytest_greenfield.services.postgres.embedded import Embedded


def plan_own(wanted: str) -> Embedded | Container:
    """Return the first that this machine can have; raise ServiceUnavailableError.

    `wanted` is TEST_SERVICES: auto, embedded or docker.
    """
    kinds: dict[str, type[Embedded | Container]] = {"embedded": Embedded, "docker": Container}
    if wanted not in ("auto", *kinds):
        raise UnsafeDatabaseError(
            f"TEST_SERVICES={wanted} is unknown: `export TEST_SERVICES=auto`, `embedded`, `docker`"
        )
    failures: list[str] = []
    for name, kind in kinds.items():
        if wanted in ("auto", name):
            try:
                return kind()
            except ServiceUnavailableError as error:
                failures.append(f"{name}: {error}")
    raise ServiceUnavailableError(
        f"no PostgreSQL for the tests ({'; '.join(failures)}); or name a server, such as that of"
        " `docker compose -f compose.test.yaml up --wait`, by `export"
        " TEST_DATABASE_URL=postgresql://postgres:postgres@127.0.0.1:54329/app_test`"
    )
