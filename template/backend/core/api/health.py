"""Is it alive, can it work, what is it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from backend import __version__
from backend.core.api.dependencies import SettingsDep
from backend.core.api.router import PUBLIC
from backend.core.errors import ErrorItem, UnavailableError

router = APIRouter(tags=["health"])
log = structlog.stdlib.get_logger(__name__)

Check = Callable[[], Awaitable[object]]
HealthChecks = dict[str, Check]


class Identity(BaseModel):
    """What answers here."""

    service: str
    version: str


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Everything that the application needs answers; degraded: something that it can do without
    does not."""

    status: Literal["ok", "degraded"]
    components: dict[str, Literal["ok", "unavailable"]]


def get_health_checks(request: Request) -> HealthChecks:
    """Return what must answer, by name. Features add theirs in their lifespan."""
    checks: HealthChecks = request.app.state.health_checks
    return checks


def get_optional_checks(request: Request) -> HealthChecks:
    """Return what the application can do without for a while, by name."""
    checks: HealthChecks = request.app.state.optional_checks
    return checks


@router.get("/", openapi_extra=PUBLIC)
async def identify(settings: SettingsDep) -> Identity:
    """Say which service this is, and which version."""
    return Identity(service=settings.service_name, version=__version__)


@router.get("/health/live", openapi_extra=PUBLIC)
async def live() -> Liveness:
    """Answer. A process that cannot should be restarted."""
    return Liveness()


@router.get("/health/ready", openapi_extra=PUBLIC)
async def ready(
    settings: SettingsDep,
    required: Annotated[HealthChecks, Depends(get_health_checks)],
    optional: Annotated[HealthChecks, Depends(get_optional_checks)],
) -> Readiness:
    """Ask every component at once; 503 names those that failed. Traffic should wait for a 200."""
    checks = optional | required
    results = await asyncio.gather(
        *(_failure(name, check, settings.readiness_timeout) for name, check in checks.items())
    )
    failures = {str(failure.loc[0]): failure for failure in results if failure}
    if failing := sorted(failures.keys() & required):
        errors = [failures[name] for name in failing]
        raise UnavailableError(f"Not ready: {', '.join(failing)}.", errors=errors)
    return Readiness(
        status="degraded" if failures else "ok",
        components={name: "unavailable" if name in failures else "ok" for name in checks},
    )


async def _failure(
    name: str, check: Callable[[], Awaitable[object]], limit: float
) -> ErrorItem | None:
    """Run one check for at most `limit` seconds; the client learns its name, the log the cause."""
    try:
        async with asyncio.timeout(limit):
            await check()
    except Exception as error:  # whatever the driver raises, the answer is "not ready"
        log.warning("health.failure", component=name, error=repr(error))
        if isinstance(error, TimeoutError):
            return ErrorItem(loc=[name], msg=f"no answer within {limit:g} s", type="timeout")
        return ErrorItem(loc=[name], msg="does not answer", type="unavailable")
    return None
