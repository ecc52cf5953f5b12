"""One shape for every error, whoever raised it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Body, FastAPI, Query
from starlette.exceptions import HTTPException

from backend.core.errors import AuthenticationError, ConflictError, ErrorItem
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

routes = APIRouter(prefix="/failing")

SHAPE = {"type", "title", "status", "detail", "code", "request_id", "errors"}


@routes.get("/conflict")
async def conflict() -> None:
    raise ConflictError("It is taken.", errors=[ErrorItem(loc=["sku"], msg="taken", type="unique")])


@routes.get("/anonymous")
async def anonymous() -> None:
    raise AuthenticationError


@routes.get("/teapot")
async def teapot() -> None:
    raise HTTPException(418, "short and stout", {"X-Handle": "left"})


@routes.get("/bug")
async def bug() -> None:
    raise ZeroDivisionError("s3cr3t")


@routes.post("/echo")
async def echo(password: Annotated[str, Body(max_length=8)], limit: Annotated[int, Query()]) -> str:
    return password * limit


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The application with routes that fail."""
    app = create_app(Settings(max_request_bytes=100), database=FakeDatabase())
    app.include_router(routes)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on that application."""
    async with running(app) as client:
        yield client


def problem_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Check the shape that every error has; return the body."""
    problem: dict[str, Any] = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == SHAPE
    assert problem["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return problem


class TestFrameworksErrors:
    async def test_an_unknown_path(self, client: httpx2.AsyncClient) -> None:
        problem = problem_of(await client.get("/nowhere"), 404)
        assert problem["code"] == "not_found"

    async def test_a_wrong_method_says_which_are_right(self, client: httpx2.AsyncClient) -> None:
        response = await client.delete("/health/live")
        assert problem_of(response, 405)["code"] == "method_not_allowed"
        assert response.headers["allow"] == "GET"

    async def test_an_http_exception_keeps_its_headers(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/failing/teapot")
        assert problem_of(response, 418)["detail"] == "short and stout"
        assert response.headers["x-handle"] == "left"


class TestApplicationsErrors:
    async def test_status_code_sentence_and_single_errors(self, client: httpx2.AsyncClient) -> None:
        problem = problem_of(await client.get("/failing/conflict"), 409)
        assert problem["detail"] == "It is taken."
        assert problem["errors"] == [{"loc": ["sku"], "msg": "taken", "type": "unique"}]

    async def test_a_401_names_the_scheme(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/failing/anonymous")
        assert problem_of(response, 401)["code"] == "not_authenticated"
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_a_bug_tells_nothing(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/failing/bug")
        assert problem_of(response, 500)["code"] == "internal_error"
        assert "s3cr3t" not in response.text
        assert "ZeroDivision" not in response.text


class TestInvalidRequests:
    async def test_every_wrong_field_is_located(self, client: httpx2.AsyncClient) -> None:
        response = await client.post("/failing/echo?limit=many", json="s3cr3t-and-too-long")
        problem = problem_of(response, 422)
        assert problem["code"] == "validation_failed"
        assert [error["loc"] for error in problem["errors"]] == [["query", "limit"], ["body"]]

    async def test_what_was_sent_is_not_repeated(self, client: httpx2.AsyncClient) -> None:
        response = await client.post("/failing/echo?limit=1", json="s3cr3t-and-too-long")
        assert response.status_code == 422
        assert "s3cr3t" not in response.text

    async def test_broken_json(self, client: httpx2.AsyncClient) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/failing/echo?limit=1", content=b"{", headers=headers)
        assert problem_of(response, 422)["errors"][0]["type"] == "json_invalid"


class TestTooLargeBodies:
    async def test_by_their_declared_length(self, client: httpx2.AsyncClient) -> None:
        response = await client.post("/failing/echo?limit=1", json="x" * 101)
        assert problem_of(response, 413)["code"] == "payload_too_large"

    async def test_in_chunks(self, client: httpx2.AsyncClient) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 10

        headers = {"Content-Type": "application/json"}
        response = await client.post("/failing/echo?limit=1", content=chunks(), headers=headers)
        assert problem_of(response, 413)["code"] == "payload_too_large"
