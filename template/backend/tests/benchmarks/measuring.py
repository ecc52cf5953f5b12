"""Times of asynchronous calls; pytest-benchmark would need an event loop of its own for them."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from time import perf_counter

Call = Callable[[], Awaitable[object]]


async def median_seconds(call: Call, *, rounds: int = 30) -> float:
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


def table(times: Mapping[str, float], trivial: float) -> list[str]:
    """Write times down, with their ratio to a trivial request's."""
    return [
        f"{seconds * 1000:8.2f} ms  {seconds / trivial:6.1f} x  {name}"
        for name, seconds in times.items()
    ]
