"""The OpenAPI document is correct, and compatible with the last release."""

import json
import re
from typing import Any

import httpx2
import pytest
from pytest_greenfield.openapi import breaking_changes

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.openapi_snapshot import COMMAND, SNAPSHOT, describe


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description, built once: it costs more than the tests that read it."""
    return describe()


def test_every_operation_describes_its_errors_as_problems(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            reference = {"$ref": "#/components/schemas/Problem"}
            assert content == {"application/problem+json": {"schema": reference}}
            assert "422" not in operation["responses"]
    references = re.findall(r"#/components/schemas/(\w+)", json.dumps(document))
    assert set(references) <= document["components"]["schemas"].keys() - {"HTTPValidationError"}


def test_nothing_breaks_the_clients_of_the_last_release(document: dict[str, Any]) -> None:
    if not SNAPSHOT.exists():
        pytest.skip(f"no release is known; at the first one write it with: {COMMAND}")
    broken = breaking_changes(json.loads(SNAPSHOT.read_text("utf-8")), document)
    assert broken == [], f"these break clients; if that is meant: {COMMAND}"


async def get(path: str, settings: Settings) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=create_app(settings, database=FakeDatabase()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_without_internet_the_docs_list_the_operations() -> None:
    page = (await get("/docs", Settings(service_name="<Mugs> & more"))).text
    (place,) = re.findall(r'<div id="swagger-ui">(.*?)</div>', page, re.DOTALL)
    assert "<h1>&lt;Mugs&gt; &amp; more</h1>" in place
    assert "<li><code>GET /health/live</code> " in place
    assert 'href="/openapi.json"' in place


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_production_serves_no_docs(path: str) -> None:
    settings = Settings(environment="production", database_url="postgresql://app@db/app")
    assert (await get(path, settings)).status_code == 404
