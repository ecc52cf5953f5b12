"""What a path answers to a method that it does not have, and to a slash too many."""

import re

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings(), database=FakeDatabase())


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


async def test_allow_names_the_methods_of_all_routes(app: FastAPI) -> None:
    router = APIRouter(prefix="/notes")
    for path, method in [("", "GET"), ("", "POST"), ("/new", "PUT"), ("/{name}", "DELETE")]:
        router.add_api_route(path, lambda: None, methods=[method])
    app.include_router(router)
    expected = {"/notes": "GET, POST", "/notes/old": "DELETE", "/notes/new": "DELETE, PUT"}
    async with client_of(app) as client:
        for path, methods in expected.items():
            answer = await client.patch(path)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == methods


async def test_allow_names_what_is_described_for_each_path(app: FastAPI) -> None:
    async with client_of(app) as client:
        for path, operations in app.openapi()["paths"].items():
            url = re.sub(r"\{\w+\}", "00000000-0000-0000-0000-000000000000", path)
            answer = await client.request("TRACE", url)
            assert answer.status_code == 405, path
            assert set(operations) <= set(answer.headers["Allow"].lower().split(", ")), path


async def test_a_slash_too_many_leads_to_no_other_host(app: FastAPI) -> None:
    async with client_of(app) as client:
        for path in app.openapi()["paths"]:
            answer = await client.get(f"{path}/", headers={"Host": "elsewhere.example"})
            assert "Location" not in answer.headers, path
