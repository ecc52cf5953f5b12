"""The API's description tells the truth, and a release's clients can go on using it."""

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
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            reference = {"$ref": "#/components/schemas/Problem"}
            assert content == {"application/problem+json": {"schema": reference}}
            assert "422" not in operation["responses"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    references = str(document).split("#/components/schemas/")[1:]
    assert {reference.split("'")[0] for reference in references} <= set(schemas)


def test_nothing_breaks_the_clients_of_the_last_release(document: dict[str, Any]) -> None:
    if not SNAPSHOT.exists():
        pytest.skip(f"no release is known; at the first one write it with: {COMMAND}")
    broken = breaking_changes(json.loads(SNAPSHOT.read_text("utf-8")), document)
    assert broken == [], f"these break clients; if that is meant: {COMMAND}"


async def get(path: str, settings: Settings) -> httpx2.Response:
    """Ask an app that has not been started."""
    transport = httpx2.ASGITransport(app=create_app(settings, database=FakeDatabase()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


class TestDocs:
    async def test_the_page_lists_the_operations_where_swagger_ui_will_be(self) -> None:
        page = (await get("/docs", Settings(service_name="<Mugs> & more"))).text
        (place,) = re.findall(r'<div id="swagger-ui">(.*?)</div>', page, re.DOTALL)
        assert "<h1>&lt;Mugs&gt; &amp; more</h1>" in place
        assert "<li><code>GET /health/live</code> " in place
        assert 'href="/openapi.json"' in place

    @pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
    async def test_nothing_of_it_is_served_in_production(self, path: str) -> None:
        url = "postgresql://app@db.example.org/app"
        settings = Settings(environment="production", database_url=url)
        assert (await get(path, settings)).status_code == 404
