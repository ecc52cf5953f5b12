"""All errors have one format."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Body, Query
from starlette.exceptions import HTTPException

from backend.core.errors import AuthenticationError, ConflictError, ErrorItem
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

LIMIT = 6000
ERRORS: dict[str, Exception] = {
    "conflict": ConflictError("It is taken.", errors=[ErrorItem(loc=["sku"], msg="a", type="b")]),
    "anonymous": AuthenticationError(),
    "teapot": HTTPException(418, "short and stout", {"X-Handle": "left"}),
    "bug": ZeroDivisionError("s3cr3t"),
}
routes = APIRouter(prefix="/failing")


@routes.get("/{name}")
async def fail(name: str) -> None:
    raise ERRORS[name]


@routes.post("/echo")
async def echo(password: Annotated[str, Body(max_length=8)], limit: Annotated[int, Query()]) -> str:
    return password * limit


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """A client on the application with routes that fail."""
    app = create_app(Settings(max_request_bytes=LIMIT), database=FakeDatabase())
    app.include_router(routes)
    async with running(app) as client:
        yield client


def check_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check what every error has; return the body."""
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.keys() == {"type", "title", "detail", "status", "code", "request_id", "errors"}
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "s3cr3t" not in response.text
    return problem


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/failing/teapot", 418, "i_m_a_teapot"),
        ("GET", "/failing/bug", 500, "internal_error"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    check_problem(response, status, code)


async def test_allow_names_the_methods_of_all_routes(client: httpx2.AsyncClient) -> None:
    expected = {"/failing/echo": "GET, POST", "/failing/other": "GET", "/health/live": "GET"}
    for path, methods in expected.items():
        response = await client.delete(path)
        check_problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == methods


async def test_a_trailing_slash_redirects_to_no_host(client: httpx2.AsyncClient) -> None:
    response = await client.get("/health/live/", headers={"Host": "elsewhere.example"})
    assert (response.status_code, response.headers.get("location")) == (404, None)


async def test_an_error_keeps_its_headers_and_items(client: httpx2.AsyncClient) -> None:
    response = await client.get("/failing/anonymous")
    check_problem(response, 401, "not_authenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    assert (await client.get("/failing/teapot")).headers["x-handle"] == "left"
    problem = check_problem(await client.get("/failing/conflict"), 409, "conflict")
    assert problem["detail"] == "It is taken."
    assert problem["errors"] == [{"loc": ["sku"], "msg": "a", "type": "b"}]


async def test_every_wrong_field_is_located_and_not_repeated(client: httpx2.AsyncClient) -> None:
    response = await client.post("/failing/echo?limit=many", json="s3cr3t-and-too-long")
    problem = check_problem(response, 422, "validation_failed")
    assert [error["loc"] for error in problem["errors"]] == [["query", "limit"], ["body"]]


@pytest.mark.parametrize("body", [b"{", b"9" * 5000], ids=["broken", "5000 digits"])
async def test_a_body_that_is_not_json(client: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/failing/echo?limit=1", content=body, headers=headers)
    check_problem(response, 422, "validation_failed")


class TestTooLargeBodies:
    @pytest.mark.parametrize("path", ["/failing/echo?limit=1", "/nowhere"])
    async def test_by_their_declared_length(self, client: httpx2.AsyncClient, path: str) -> None:
        response = await client.post(path, json="x" * LIMIT)
        check_problem(response, 413, "payload_too_large")

    async def test_in_chunks_as_they_are_read(self, client: httpx2.AsyncClient) -> None:
        sent = []

        async def chunks() -> AsyncIterator[bytes]:
            for number in range(100):
                sent.append(number)
                yield b"x" * 1000

        response = await client.post("/failing/echo?limit=1", content=chunks())
        check_problem(response, 413, "payload_too_large")
        assert len(sent) < 10
