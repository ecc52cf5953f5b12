"""The API conforms to its OpenAPI document, whatever the input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer
from schemathesis import GenerationMode

from backend.main import create_app
from backend.tests.e2e.shop.openapi.fuzzing import Operation, fuzz
from backend.tests.fixtures.accounts.live import Person

MAX_EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "5"))
"""Of each mode, for each operation: `OPENAPI_EXAMPLES=200 uv run pytest --timeout=0 …` hunts."""

DOCUMENT = create_app().openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}

NOT_SAID_IN_THE_SCHEMA = {
    "GET /api/v1/admin/outbox/dead-letters": "a cursor is one of ours",
    "GET /api/v1/admin/reports/sales": "the range ends after it starts, within a year",
    "GET /api/v1/customers": "a cursor is one of ours",
    "GET /api/v1/orders": "the range ends after it starts, in our time; a cursor is one of ours",
    "GET /api/v1/products": "prices have ten digits at most; a cursor is one of ours",
    "PATCH /api/v1/auth/me": "spaces at the ends do not count",
    "PATCH /api/v1/customers/{customer_id}": "spaces at the ends do not count",
    "PATCH /api/v1/products/{product_id}": "spaces at the ends do not count",
    "POST /api/v1/auth/login": "text holds no NUL",
    "POST /api/v1/auth/logout": "text holds no NUL",
    "POST /api/v1/auth/refresh": "text holds no NUL",
    "POST /api/v1/auth/register": "e-mail addresses can be reached; spaces do not count",
    "POST /api/v1/products": "spaces at the ends do not count",
    "POST /api/v1/products/{product_id}/images": "a file's first bytes are an image's",
}
"""Operations that may refuse what obeys the description, and why."""

OTHERS = {
    label
    for label, operation in OPERATIONS.items()
    if not {"admin", "auth", "customers", "health", "images", "media", "orders", "products"}
    & set(operation["tags"])
}
"""Operations that came later: they may refuse as well."""


@pytest.mark.parametrize("label", OPERATIONS)
def test_responses_conform_to_the_description(
    label: str,
    operations: Mapping[str, Operation],
    live_server: LiveServer,
    admin_session: Person,
    existing: Mapping[str, str],
) -> None:
    def send(mode: GenerationMode, **options: Any) -> None:
        headers = {"Authorization": f"Bearer {admin_session.access_token}"}
        fuzz(
            operations[label], live_server.url, headers, mode, max_examples=MAX_EXAMPLES, **options
        )

    send(
        GenerationMode.POSITIVE,
        path_parameters={k: v for k, v in existing.items() if f"{{{k}}}" in label},
        may_refuse=label in NOT_SAID_IN_THE_SCHEMA or label in OTHERS,
    )
    send(GenerationMode.NEGATIVE)


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_all_others_return_401_without_a_valid_token(
    live_client: httpx2.AsyncClient, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    statuses = {
        label: (await live_client.request(*label.split(" "), headers=headers)).status_code
        for label, operation in OPERATIONS.items()
        if "security" in operation
    }
    assert statuses == dict.fromkeys(statuses, 401)
    assert statuses
