"""What load balancers and people ask first."""

import asyncio
from functools import cache

import httpx2
import structlog
from fastapi import FastAPI

from backend import __version__
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running


@cache  # each run of its lifespan is fresh
def make_app(failure: Exception | None = None) -> FastAPI:
    """Make the application on a database that answers, or fails."""
    settings = Settings(service_name="shelf", readiness_timeout=0.05)
    return create_app(settings, database=FakeDatabase(failure=failure))


async def get(app: FastAPI, path: str) -> httpx2.Response:
    """Ask a running app once."""
    async with running(app) as client:
        return await client.get(path)


async def test_the_root_says_which_service_and_version_this_is() -> None:
    response = await get(make_app(), "/")
    assert response.json() == {"service": "shelf", "version": __version__}


class TestReady:
    async def test_a_failing_component_is_named_and_its_cause_only_logged(self) -> None:
        app = make_app(OSError("db.internal:5432"))
        async with running(app) as client:
            log = structlog.testing.LogCapture()
            structlog.configure(processors=[log])
            response = await client.get("/health/ready")
            alive = await client.get("/health/live")
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        problem = response.json()
        assert problem["code"] == "unavailable"
        assert [error["loc"] for error in problem["errors"]] == [["database"]]
        assert "db.internal" not in response.text
        assert "OSError('db.internal:5432')" in [line.get("error") for line in log.entries]
        assert (alive.status_code, alive.json()) == (200, {"status": "ok"})

    async def test_a_hanging_component_is_not_waited_for_and_gone_after_a_restart(self) -> None:
        app = make_app()
        async with running(app) as client:
            app.state.health_checks["mail"] = asyncio.Event().wait
            response = await client.get("/health/ready")
        assert (response.status_code, response.json()["detail"]) == (503, "Not ready: mail.")
        assert response.json()["errors"][0]["type"] == "timeout"
        assert (await get(app, "/health/ready")).status_code == 200

    async def test_what_the_application_can_do_without_only_degrades_it(self) -> None:
        async def fail() -> None:
            raise ConnectionError

        app = make_app()
        async with running(app) as client:
            app.state.optional_checks["cache"] = fail
            response = await client.get("/health/ready")
        body = response.json()
        assert (response.status_code, body["status"]) == (200, "degraded")
        assert body["components"] == {"cache": "unavailable", "database": "ok"}
