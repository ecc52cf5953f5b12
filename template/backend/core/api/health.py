"""Which service this is, whether it is alive, and whether it can work."""

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

HealthChecks = dict[str, Callable[[], Awaitable[object]]]


class ServiceInfo(BaseModel):
    """The service's name and version."""

    service: str
    version: str


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Liveness):
    """Every component that the application needs answers."""

    components: dict[str, Literal["ok"]]


def get_health_checks(request: Request) -> HealthChecks:
    """Return the checks of the components by name. Domains add theirs in their lifespan."""
    checks: HealthChecks = request.app.state.health_checks
    return checks


@router.get("/", openapi_extra=PUBLIC)
async def identify(settings: SettingsDep) -> ServiceInfo:
    """Say which service this is, and which version."""
    return ServiceInfo(service=settings.service_name, version=__version__)


@router.get("/health/live", openapi_extra=PUBLIC)
async def live() -> Liveness:
    """Answer. A process that does not should be restarted."""
    return Liveness()


@router.get("/health/ready", openapi_extra=PUBLIC)
async def ready(
    settings: SettingsDep, checks: Annotated[HealthChecks, Depends(get_health_checks)]
) -> Readiness:
    """Check every component at once; 503 names those that failed. Send traffic after a 200."""
    results = await asyncio.gather(
        *(_check(name, check, settings.readiness_timeout) for name, check in checks.items())
    )
    failures = [failure for failure in results if failure]
    if failures:
        names = ", ".join(str(failure.loc[0]) for failure in failures)
        raise UnavailableError(f"Not ready: {names}.", errors=failures)
    return Readiness(components=dict.fromkeys(checks, "ok"))


async def _check(
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
