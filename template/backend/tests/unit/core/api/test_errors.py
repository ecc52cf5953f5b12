"""One shape for every error, whoever raised it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Body, FastAPI, Query
from starlette.exceptions import HTTPException

from backend.core.errors import AppError, AuthenticationError, ConflictError, ErrorItem
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

routes = APIRouter(prefix="/failing")

ERRORS: dict[str, Exception] = {
    "conflict": ConflictError("It is taken.", errors=[ErrorItem(loc=["sku"], msg="a", type="b")]),
    "anonymous": AuthenticationError(),
    "teapot": HTTPException(418, "short and stout", {"X-Handle": "left"}),
    "bug": ZeroDivisionError("s3cr3t"),
}


@routes.get("/{name}")
async def fail(name: str) -> None:
    raise ERRORS[name]


@routes.post("/echo")
async def echo(password: Annotated[str, Body(max_length=8)], limit: Annotated[int, Query()]) -> str:
    return password * limit


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The application with routes that fail."""
    app = create_app(Settings(max_request_bytes=6000), database=FakeDatabase())
    app.include_router(routes)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on that application."""
    async with running(app) as client:
        yield client


def problem_of(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check what every error has; return the body."""
    problem: dict[str, Any] = response.json()
    assert response.status_code == problem["status"] == status
    assert problem["code"] == code
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.keys() == {"type", "title", "detail", "status", "code", "request_id", "errors"}
    assert problem["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return problem


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/health/live", 405, "method_not_allowed"),
        ("GET", "/failing/teapot", 418, "i_m_a_teapot"),
        ("GET", "/failing/conflict", 409, "conflict"),
        ("GET", "/failing/anonymous", 401, "not_authenticated"),
        ("GET", "/failing/bug", 500, "internal_error"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    problem_of(response, status, code)
    assert "s3cr3t" not in response.text
    assert "ZeroDivision" not in response.text


async def test_an_error_keeps_its_sentence_its_items_and_its_headers(
    client: httpx2.AsyncClient,
) -> None:
    problem = (await client.get("/failing/conflict")).json()
    assert problem["detail"] == "It is taken."
    assert problem["errors"] == [{"loc": ["sku"], "msg": "a", "type": "b"}]
    for path, name, value in (
        ("teapot", "x-handle", "left"),
        ("anonymous", "www-authenticate", "Bearer"),
    ):
        assert (await client.get(f"/failing/{path}")).headers[name] == value


def test_every_class_of_errors_has_a_code_of_its_own() -> None:
    kinds = [AppError, *AppError.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds)


class TestInvalidRequests:
    async def test_every_wrong_field_is_located_and_not_repeated(
        self, client: httpx2.AsyncClient
    ) -> None:
        response = await client.post("/failing/echo?limit=many", json="s3cr3t-and-too-long")
        problem = problem_of(response, 422, "validation_failed")
        assert [error["loc"] for error in problem["errors"]] == [["query", "limit"], ["body"]]
        assert "s3cr3t" not in response.text

    @pytest.mark.parametrize("body", [b"{", b"9" * 5000], ids=["broken", "5000 digits"])
    async def test_a_body_that_is_no_json(self, client: httpx2.AsyncClient, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/failing/echo?limit=1", content=body, headers=headers)
        problem_of(response, 422, "validation_failed")


class TestTooLargeBodies:
    @pytest.mark.parametrize("path", ["/failing/echo?limit=1", "/nowhere"])
    async def test_by_their_declared_length(self, client: httpx2.AsyncClient, path: str) -> None:
        problem_of(await client.post(path, json="x" * 6000), 413, "payload_too_large")

    async def test_in_chunks(self, client: httpx2.AsyncClient) -> None:
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(100):
                sent += 1000
                yield b"x" * 1000

        headers = {"Content-Type": "application/json"}
        response = await client.post("/failing/echo?limit=1", content=chunks(), headers=headers)
        problem_of(response, 413, "payload_too_large")
        assert sent <= 8000
