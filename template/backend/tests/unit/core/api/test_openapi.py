"""The API's description tells the truth about errors."""

from typing import Any

import pytest
from fastapi import FastAPI

from backend.core.api import openapi
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description, built once: it costs more than the tests that read it."""
    app = create_app(Settings(), database=FakeDatabase())

    @app.get("/shelves/{height}")
    async def measure(height: int) -> int:
        return height

    return app.openapi()


def test_every_operation_describes_its_errors_as_problems(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            reference = {"$ref": "#/components/schemas/Problem"}
            assert content == {"application/problem+json": {"schema": reference}}
            assert "422" not in operation["responses"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert {"Problem", "ErrorItem"} <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    references = str(document).split("#/components/schemas/")[1:]
    assert {reference.split("'")[0] for reference in references} <= set(schemas)


def test_it_is_made_once() -> None:
    app = FastAPI()
    openapi.install(app)
    assert app.openapi() is app.openapi()
