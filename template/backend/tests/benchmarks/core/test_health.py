"""What a request costs before it does anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx2

from backend.tests.benchmarks.conftest import median_seconds


async def test_response_times(client: httpx2.AsyncClient, report: Callable[..., None]) -> None:
    paths = ("/health/live", "/health/ready", "/no-such-page")
    times = {path: await median_seconds(partial(client.get, path)) for path in paths}
    report(*(f"{1000 * seconds:8.2f} ms  {path}" for path, seconds in times.items()))
    # One round trip to a database on this machine.
    assert times["/health/ready"] < 20 * times["/health/live"]
