"""Time limits in forked workers: the same, by clocks of their own."""

import os

import pytest

from backend.tests.integration.harness.test_timeouts import (
    BUSY_MACHINE,
    assert_all_is_stopped_that_hangs,
)
from backend.tests.plugins.inner_run import RunInner


@pytest.mark.slow
def test_what_hangs_is_stopped_and_the_rest_passes(inner_run: RunInner) -> None:
    assert_all_is_stopped_that_hangs(inner_run, "--forks=1")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux says who waits for a CPU")
def test_time_without_a_cpu_is_not_the_tests(inner_run: RunInner) -> None:
    run = inner_run({"tests/unit/test_busy.py": BUSY_MACHINE}, "--forks=1")
    assert run.outcomes == {"test_computes": "passed", "test_hangs": "failed"}, run.output
