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
        app.state.optional_checks.clear()  # features ask their servers
        return await client.get(path)


class TestIdentify:
    async def test_it_says_which_service_and_version_this_is(self) -> None:
        response = await get(make_app(), "/")
        assert response.status_code == 200
        assert response.json() == {"service": "shelf", "version": __version__}


class TestLive:
    async def test_it_answers_even_when_the_database_does_not(self) -> None:
        response = await get(make_app(OSError("no route")), "/health/live")
        assert response.status_code == 200
        assert response.json() == {"status": "ok"}


class TestReady:
    async def test_it_names_the_components_that_answer(self) -> None:
        response = await get(make_app(), "/health/ready")
        assert response.status_code == 200
        components = response.json()["components"]
        assert components["database"] == "ok"

    @pytest.mark.parametrize(
        "failure", [OSError("db.internal:5432"), RuntimeError("s3cr3t"), TimeoutError("late")]
    )
    async def test_a_failing_component_is_named_and_its_cause_only_logged(
        self, failure: Exception
    ) -> None:
        app = make_app(failure)
        with structlog.testing.capture_logs() as lines:
            response = await get(app, "/health/ready")
        assert response.status_code == 503
        problem = response.json()
        assert problem["code"] == "unavailable"
        assert [error["loc"] for error in problem["errors"]] == [["database"]]
        assert str(failure) not in response.text
        (line,) = (line for line in lines if line.get("component") == "database")
        assert line["error"] == repr(failure)

    async def test_a_hanging_component_is_not_waited_for(self) -> None:
        app = make_app()
        async with running(app) as client:
            app.state.optional_checks.clear()
            app.state.health_checks["mail"] = asyncio.Event().wait
            response = await client.get("/health/ready")
        assert response.status_code == 503
        assert response.json()["detail"] == "Not ready: mail."
        assert response.json()["errors"][0]["type"] == "timeout"

    async def test_what_the_application_can_do_without_only_degrades_it(self) -> None:
        async def fail() -> None:
            raise ConnectionError("password=hunter2")

        app = make_app()
        async with running(app) as client:
            app.state.optional_checks = {"cache": fail}
            response = await client.get("/health/ready")
        assert response.status_code == 200
        body = response.json()
        assert (body["status"], body["components"]["cache"]) == ("degraded", "unavailable")
        assert body["components"]["database"] == "ok"

    async def test_a_check_of_a_stopped_app_does_not_come_back(self) -> None:
        app = make_app()
        async with running(app):
            app.state.health_checks["mail"] = asyncio.Event().wait
        assert (await get(app, "/health/ready")).status_code == 200
