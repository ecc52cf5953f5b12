"""Cases made from the API's description, sent to the live server, and the answers judged by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import SkipTest

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

Operation = APIOperation[Any, Any, Any, Any]

ASKED_ELSEWHERE = ["ignored_auth", "object_level_authorization"]
"""Checks that send more requests of their own; test_openapi.py and others ask the same."""


def make_operations(document: dict[str, Any]) -> dict[str, Operation]:
    """Return the operations of an OpenAPI document by label, such as `GET /health/live`."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.checks.update(excluded_check_names=ASKED_ELSEWHERE)
    # The headers authenticate: whether others get in is asked by a test of its own.
    schema.config.generation.update(with_security_parameters=False)
    operations: dict[str, Operation] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()  # a part of the document that is no OpenAPI
        operations[result.ok().label] = result.ok()
    return operations


def fuzz(
    operation: Operation,
    url: str,
    headers: Mapping[str, str],
    mode: GenerationMode,
    *,
    max_examples: int,
    path_parameters: Mapping[str, str] | None = None,
    may_refuse: bool = False,
) -> int:
    """Send cases, the same ones in every run, and check each answer against the description.

    Args:
        operation: What is called.
        url: The server's address.
        headers: Sent with each case; they authenticate.
        mode: Whether the cases obey the description, or break it.
        max_examples: How many cases there are at most.
        path_parameters: Values for the path, instead of made up ones.
        may_refuse: Whether cases that obey the description may be refused all the same.

    Returns:
        How many requests were sent; none if an operation has no input that could be broken.

    Raises:
        schemathesis.core.failures.FailureGroup: What is wrong, for the smallest case that shows it.
    """
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
        case.call_and_validate(base_url=url, headers=dict(headers), excluded_checks=excluded)

    try:
        check()
    except (SkipTest, Unsatisfiable):
        if mode is GenerationMode.POSITIVE:
            raise
    return sent
