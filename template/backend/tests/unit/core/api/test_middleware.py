"""Headers that every response has, and what browsers of other origins may do."""

from functools import cache

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

PAGE = "https://app.example.org"
PRODUCTION = Settings(environment="production", database_url="postgresql://app@db.example.org/app")


@cache
def app_with(settings: Settings) -> FastAPI:
    """Make the application with these settings once: building one costs more than a test."""
    return create_app(settings, database=FakeDatabase())


async def get(settings: Settings, path: str = "/", **headers: str) -> httpx2.Response:
    """Ask an app with these settings once."""
    async with running(app_with(settings)) as client:
        return await client.get(path, headers=headers)


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", ["/", "/nowhere"])
    async def test_they_are_on_every_response(self, path: str) -> None:
        headers = (await get(PRODUCTION, path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"

    async def test_development_can_show_the_docs_over_http(self) -> None:
        headers = (await get(Settings(), "/docs")).headers
        assert "content-security-policy" not in headers
        assert "strict-transport-security" not in headers


class TestCors:
    async def test_it_is_closed_by_default(self) -> None:
        response = await get(Settings(), Origin=PAGE)
        assert not [name for name in response.headers if name.startswith("access-control")]

    async def test_a_named_origin_is_let_in(self) -> None:
        response = await get(Settings(cors_origins=(PAGE,)), Origin=PAGE)
        assert response.headers["access-control-allow-origin"] == PAGE
        assert response.headers["access-control-expose-headers"] == "X-Request-ID"

    async def test_another_origin_is_not(self) -> None:
        response = await get(Settings(cors_origins=(PAGE,)), Origin="https://evil.example.org")
        assert "access-control-allow-origin" not in response.headers

    async def test_cookies_are_never_asked_for(self) -> None:
        response = await get(Settings(cors_origins=(PAGE,)), Origin=PAGE)
        assert "access-control-allow-credentials" not in response.headers


class TestDocs:
    @pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
    async def test_they_are_off_in_production(self, path: str) -> None:
        assert (await get(PRODUCTION, path)).status_code == 404

    async def test_they_are_on_elsewhere(self) -> None:
        response = await get(Settings(), "/docs")
        assert response.status_code == 200
        assert "/openapi.json" in response.text
