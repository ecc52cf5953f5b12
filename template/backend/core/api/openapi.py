"""The API's description, telling the truth about errors: all have the one shape."""

from typing import Any

from fastapi import FastAPI

from backend.core.errors import PROBLEM_MEDIA_TYPE, Problem

_SCHEMAS = "#/components/schemas/"
_CONTENT = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}


def install(app: FastAPI) -> None:
    """Describe the default response of every operation as a problem, in place of FastAPI's 422."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(describe())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    problem = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(problem.pop("$defs"), Problem=problem)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "Error", "content": _CONTENT}
    return document
