"""Cases from the API's description, sent by the test's own client in the test's own event loop.

Schemathesis' transport for ASGI runs the application in a thread with a loop of its own, where it
could not share the test's database connection. So it makes the cases and judges the answers, and
the test's client sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest import SkipTest

import httpx2
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from backend.tests.plugins.app import BASE_URL

Operation = APIOperation[Any, Any, Any, Any]

SEND_THEMSELVES = ["ignored_auth", "object_level_authorization"]
"""Checks that send more requests, past the test's client; test_openapi.py asks the same itself."""


def make_operations(document: dict[str, Any]) -> dict[str, Operation]:
    """Return the operations of an OpenAPI document by label, such as `GET /health/live`."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.checks.update(excluded_check_names=SEND_THEMSELVES)
    # The client authenticates: whether others get in is asked by a test of its own.
    schema.config.generation.update(with_security_parameters=False)
    operations: dict[str, Operation] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()  # a part of the document that is no OpenAPI
        operations[result.ok().label] = result.ok()
    return operations


async def fuzz(
    operation: Operation,
    client: httpx2.AsyncClient,
    mode: GenerationMode,
    *,
    max_examples: int,
    path_parameters: Mapping[str, str] | None = None,
    may_refuse: bool = False,
) -> int:
    """Send cases, the same ones in every run, and check each answer against the description.

    Args:
        operation: What is called.
        client: Sends; its headers authenticate.
        mode: Whether the cases obey the description, or break it.
        max_examples: How many cases there are at most.
        path_parameters: Values for the path, instead of made up ones.
        may_refuse: Whether cases that obey the description may be refused all the same.

    Returns:
        How many requests were sent; none if an operation has no input that could be broken.

    Raises:
        schemathesis.core.failures.FailureGroup: What is wrong, for the smallest case that shows it.
    """
    loop = asyncio.get_running_loop()
    excluded: list[CheckFunction] = [positive_data_acceptance] if may_refuse else []
    sent = 0

    @settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),  # a slow machine is no reason to fail
    )
    @given(operation.as_strategy(mode, path_parameters=dict(path_parameters or {}) or None))
    def check(case: Case[Operation]) -> None:
        nonlocal sent
        sent += 1
        response = asyncio.run_coroutine_threadsafe(_send(case, client), loop).result()
        case.validate_response(response, headers=dict(client.headers), excluded_checks=excluded)

    try:
        # Hypothesis is synchronous: it runs in a thread, each request in the test's loop.
        await asyncio.to_thread(check)
    except (SkipTest, Unsatisfiable):
        if mode is GenerationMode.POSITIVE:
            raise
    return sent


async def _send(case: Case[Operation], client: httpx2.AsyncClient) -> httpx2.Response:
    given = case.as_transport_kwargs(base_url=BASE_URL)
    parts = ("method", "url", "headers", "params", "cookies", "data", "json", "files")
    # Through requests, whose encoding of forms and queries is the one that schemathesis counts on.
    request = requests.Request(**{part: given[part] for part in parts if part in given}).prepare()
    body = request.body
    return await client.request(
        str(request.method),
        str(request.url),
        headers={name: str(value) for name, value in request.headers.items()},
        content=body if isinstance(body, bytes) else str(body or ""),
    )
