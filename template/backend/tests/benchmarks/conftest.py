"""Times of asynchronous calls; pytest-benchmark would need an event loop of its own for them."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

import pytest

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print figures at the end of the run: `report("12.5 ms  GET /")`, one line each."""

    def report(*lines: str) -> None:
        figures = request.config.stash.setdefault(FIGURES, [])
        figures += [f"{request.node.name}:", *(f"  {line}" for line in lines)]

    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures."""
    if figures := terminalreporter.config.stash.get(FIGURES, []):
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))


async def median_seconds(call: Callable[[], Awaitable[object]], *, rounds: int = 30) -> float:
    """Return the median time of a call, after three that warm up; no collector interferes."""
    for _ in range(3):
        await call()
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            start = perf_counter()
            await call()
            times.append(perf_counter() - start)
    finally:
        gc.enable()
    return median(times)
