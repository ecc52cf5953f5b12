"""Generated test cases, sent to the live server and checked against its OpenAPI document."""

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
    # The headers authenticate; a separate test covers missing authentication.
    schema.config.generation.update(with_security_parameters=False)
    operations: dict[str, Operation] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()  # not a valid OpenAPI operation
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
    """Send generated cases, the same in every run, and check each response.

    Args:
        operation: The operation to call.
        url: The server's address.
        headers: Sent with each case; they authenticate.
        mode: Whether the cases are valid or invalid.
        max_examples: The maximum number of cases.
        path_parameters: Path values to use instead of generated ones.
        may_refuse: Whether valid cases may be rejected.

    Returns:
        The number of requests sent; 0 if an operation has no input to invalidate.

    Raises:
        schemathesis.core.failures.FailureGroup: The failures of the smallest failing case.
    """
    excluded: list[CheckFunction] = [positive_data_acceptance] if may_refuse else []
    sent = 0

    @settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),  # must not fail on a slow machine
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
