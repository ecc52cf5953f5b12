"""Which service this is, whether it is alive, and whether it can work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel

from backend import __version__
from backend.core.api.dependencies import SettingsDep
from backend.core.api.router import PUBLIC
from backend.core.errors import ErrorItem, UnavailableError
from backend.core.settings import Settings

router = APIRouter(tags=["health"])
log = structlog.stdlib.get_logger(__name__)

Check = Callable[[], Awaitable[object]]
HealthChecks = dict[str, Check]
"""By name: `app.state.health_checks` must succeed, `app.state.optional_checks` may fail."""


class ServiceInfo(BaseModel):
    """The service's name and version."""

    service: str
    version: str


class Readiness(BaseModel):
    """What answers; degraded: something that the application can do without does not."""

    status: Literal["ok", "degraded"]
    components: dict[str, Literal["ok", "unavailable"]]


@router.get("/", openapi_extra=PUBLIC)
async def identify(settings: SettingsDep) -> ServiceInfo:
    """Say which service this is, and which version."""
    return ServiceInfo(service=settings.service_name, version=__version__)


@router.get("/health/live", openapi_extra=PUBLIC)
async def live() -> dict[Literal["status"], Literal["ok"]]:
    """Answer. A process that does not should be restarted."""
    return {"status": "ok"}


@router.get("/health/ready", openapi_extra=PUBLIC)
async def ready(request: Request, settings: SettingsDep) -> Readiness:
    """Check every component at once; 503 names those that failed. Send traffic after a 200."""
    return await check_components(request.app, settings)


async def check_components(app: FastAPI, settings: Settings) -> Readiness:
    """Check every component at once; raise UnavailableError where a required one failed."""
    required: HealthChecks = app.state.health_checks
    checks: HealthChecks = app.state.optional_checks | required
    results = await asyncio.gather(
        *(_run(name, check, settings.readiness_timeout) for name, check in checks.items())
    )
    failures = {str(failure.loc[0]): failure for failure in results if failure}
    if failing := sorted(failures.keys() & required):
        errors = [failures[name] for name in failing]
        raise UnavailableError(f"Not ready: {', '.join(failing)}.", errors=errors)
    return Readiness(
        status="degraded" if failures else "ok",
        components={name: "unavailable" if name in failures else "ok" for name in checks},
    )


async def _run(name: str, check: Check, limit: float) -> ErrorItem | None:
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
