"""The health endpoints."""

import asyncio

import structlog

from backend import __version__
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

SETTINGS = Settings(service_name="shelf", readiness_timeout=0.05)


async def test_the_root_says_which_service_and_version_this_is() -> None:
    async with running(create_app(SETTINGS, database=FakeDatabase())) as client:
        assert (await client.get("/")).json() == {"service": "shelf", "version": __version__}


async def test_a_failing_component_is_named_and_its_cause_only_logged() -> None:
    app = create_app(SETTINGS, database=FakeDatabase(failure=OSError("db.internal:5432")))
    async with running(app) as client:
        app.state.optional_checks.clear()  # features ask their servers
        log = structlog.testing.LogCapture()
        structlog.configure(processors=[log])
        response = await client.get("/health/ready")
        assert (await client.get("/health/live")).json() == {"status": "ok"}
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    problem = response.json()
    assert (problem["code"], problem["errors"][0]["loc"]) == ("unavailable", ["database"])
    assert "db.internal" not in response.text
    assert "OSError('db.internal:5432')" in [line.get("error") for line in log.entries]


async def test_a_hanging_component_times_out_and_is_gone_after_a_restart() -> None:
    app = create_app(SETTINGS, database=FakeDatabase())
    async with running(app) as client:
        app.state.optional_checks.clear()
        app.state.health_checks["mail"] = asyncio.Event().wait
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()["detail"]) == (503, "Not ready: mail.")
    assert response.json()["errors"][0]["type"] == "timeout"
    async with running(app) as client:
        app.state.optional_checks.clear()
        assert (await client.get("/health/ready")).status_code == 200


async def test_what_the_application_can_do_without_only_degrades_it() -> None:
    app = create_app(SETTINGS, database=FakeDatabase())
    async with running(app) as client:
        app.state.optional_checks = {"cache": asyncio.Event().wait}
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["components"] == {"cache": "unavailable", "database": "ok"}
