"""What load balancers and people ask first."""

import asyncio
from functools import cache

import httpx2
import pytest
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


async def test_a_live_process_answers_even_when_the_database_does_not() -> None:
    response = await get(make_app(OSError("no route")), "/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


class TestReady:
    @pytest.mark.parametrize("failure", [OSError("db.internal:5432"), RuntimeError("s3cr3t")])
    async def test_a_failing_component_is_named_and_its_cause_only_logged(
        self, failure: Exception
    ) -> None:
        with structlog.testing.capture_logs() as lines:
            response = await get(make_app(failure), "/health/ready")
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        problem = response.json()
        assert problem["code"] == "unavailable"
        assert [error["loc"] for error in problem["errors"]] == [["database"]]
        assert str(failure) not in response.text
        assert [line["error"] for line in lines if "component" in line] == [repr(failure)]

    async def test_a_hanging_component_is_not_waited_for_and_gone_after_a_restart(self) -> None:
        app = make_app()
        async with running(app) as client:
            app.state.health_checks["mail"] = asyncio.Event().wait
            response = await client.get("/health/ready")
        assert (response.status_code, response.json()["detail"]) == (503, "Not ready: mail.")
        assert response.json()["errors"][0]["type"] == "timeout"
        assert (await get(app, "/health/ready")).status_code == 200
