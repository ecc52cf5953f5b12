"""Requests that are not operations: the page, other methods and bodies; production."""

from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from backend.core.settings import AppSettings, Settings
from backend.features.graphql.settings import GraphQLSettings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase

INTROSPECTION = "{ __schema { queryType { name } } }"


async def send(
    *settings: AppSettings, method: str = "POST", headers: Any = None, **options: Any
) -> httpx2.Response:
    given = settings or (Settings(),)
    transport = httpx2.ASGITransport(app=create_app(*given, database=FakeDatabase()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, "/graphql", headers=headers, **options)


async def test_the_page_shows_the_schema_where_graphiql_cannot_be_loaded() -> None:
    page = await send(method="GET", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "type Query {" in page.text
    assert "it needs the internet" in page.text


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"method": "GET", "params": {"query": "{ version }"}}, 400, "bad_request"),
        ({"method": "PUT", "json": {}}, 405, "method_not_allowed"),
        ({"content": "{"}, 400, "bad_request"),
        ({"content": b"\xff"}, 400, "bad_request"),
        ({"content": "[" * 100_000}, 400, "bad_request"),
        ({"content": f'{{"query": {"9" * 5000}}}'}, 400, "bad_request"),
        ({"json": [{"query": "{ version }"}]}, 400, "bad_request"),
        ({"json": {"query": 7}}, 400, "bad_request"),
        ({"json": {}}, 400, "bad_request"),
    ],
)
async def test_an_invalid_request_is_a_problem_like_in_rest(
    options: dict[str, Any], status: int, code: str
) -> None:
    response = await send(headers={"Content-Type": "application/json"}, **options)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_body_that_is_too_large_is_not_read() -> None:
    response = await send(Settings(max_request_bytes=100), json={"query": "#" * 100})
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("{ health { components { name } } }", "The operation is 3 fields deep; 2 are allowed."),
        ("{ a: version b: version c: version }", "The operation costs 3; 2 are allowed."),
    ],
)
async def test_a_too_large_operation_is_refused_before_it_runs(query: str, sentence: str) -> None:
    limits = GraphQLSettings(graphql_max_depth=2, graphql_max_cost=2)
    answer = (await send(Settings(), limits, json={"query": query})).json()
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]["code"]) == (sentence, "query_too_complex")
    assert answer["data"] is None


async def test_a_document_with_too_many_tokens_is_not_parsed() -> None:
    limits = GraphQLSettings(graphql_max_tokens=10)
    query = "{ " + "version " * 10 + "}"
    answer = (await send(Settings(), limits, json={"query": query})).json()
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "validation_failed"
    assert "more than 10 tokens" in error["message"]


@pytest.mark.parametrize("levels", [100, 500, 2000])
async def test_a_too_deeply_nested_document_is_refused(levels: int) -> None:
    query = "{ health " * levels + "}" * levels
    limits = GraphQLSettings(graphql_max_tokens=10_000)
    answer = (await send(Settings(), limits, json={"query": query})).json()
    assert {error["extensions"]["code"] for error in answer["errors"]} <= {
        "validation_failed",
        "query_too_complex",
    }


@pytest.fixture
def production() -> list[AppSettings]:
    """Settings that every part accepts in production, by field name."""
    return [made_for_production(kind) for kind in settings_classes()]


def settings_classes(base: type[AppSettings] = AppSettings) -> list[type[AppSettings]]:
    create_app(Settings())  # imports every part
    kinds = base.__subclasses__()
    return [kind for kind in kinds if not kind.__module__.startswith("backend.tests")]


def made_for_production(kind: type[AppSettings]) -> AppSettings:
    secret = "a2Vq8ZrT5mW1xY7uP3sD9fG4hJ6kL0bN"
    values: dict[str, Any] = {"environment": "production"}
    for name, field in kind.model_fields.items():
        if field.annotation is SecretStr:
            values[name] = SecretStr(secret)
        elif name == "database_url":
            values[name] = f"postgresql://app:{secret}@db/app"
        elif name.endswith("_url") and "http" in str(field.default or "http"):
            values[name] = "https://example.org"
    return kind(**values)


async def test_production_hides_the_schema(production: list[AppSettings]) -> None:
    page = await send(*production, method="GET", headers={"Accept": "text/html"})
    assert (page.status_code, page.json()["code"]) == (404, "not_found")
    answer = (await send(*production, json={"query": INTROSPECTION})).json()
    assert answer["data"] is None
    assert "introspection" in answer["errors"][0]["message"]
    answer = (await send(*production, json={"query": "{ versio }"})).json()
    assert "version" not in answer["errors"][0]["message"]


async def test_elsewhere_it_is_available() -> None:
    answer = (await send(json={"query": INTROSPECTION})).json()
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"
    answer = (await send(json={"query": "{ versio }"})).json()
    assert "Did you mean 'version'?" in answer["errors"][0]["message"]
