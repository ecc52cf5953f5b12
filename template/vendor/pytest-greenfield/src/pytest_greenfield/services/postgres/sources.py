"""Which server of our own a run uses: the embedded one, or a container."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.container import Container
from pytest_greenfield.services.postgres.embedded import Embedded
from pytest_greenfield.services.service import sources


class Unavailable:
    """No server at all, which is said when the first test needs one: offline tests need none."""

    def __init__(self, reason: str) -> None:
        self._reason = reason
        self.address = Address("no-server.invalid", 5432, "nobody", "", "test")

    def start(self) -> None:
        """Raise ServiceUnavailableError."""
        raise ServiceUnavailableError(self._reason)

    def stop(self) -> None:
        """Stop nothing."""


def plan_own(environ: Mapping[str, str]) -> Embedded | Container | Unavailable:
    """Return the first that this machine can have, of those that TEST_SERVICES allows."""
    kinds: dict[str, type[Embedded | Container]] = {"embedded": Embedded, "docker": Container}
    failures: list[str] = []
    for name in sources(environ):
        try:
            return kinds[name]()
        except ServiceUnavailableError as error:
            failures.append(f"{name}: {error}")
    return Unavailable(
        f"no PostgreSQL for the tests ({'; '.join(failures)}); or name a server, such as that of"
        " `docker compose -f compose.test.yaml up --wait`, by `export"
        " TEST_DATABASE_URL=postgresql://postgres:postgres@127.0.0.1:54329/app_test`"
    )
