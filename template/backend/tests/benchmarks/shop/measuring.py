"""Times, scaling and memory of asynchronous calls.

Not pytest-benchmark: it would need its own event loop.
"""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import fmean, median
from time import perf_counter


async def median_seconds(call: Callable[[], Awaitable[object]], *, rounds: int = 30) -> float:
    """Return the median time of a call after three warm-up calls, with garbage collection off."""
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


def growth(seconds: Mapping[int, float]) -> float:
    """Return the exponent of n by which times grow: 0 constant, 1 linear, 2 quadratic.

    It is the slope of the best fit through (log n, log seconds). Constant costs reduce it, so it is
    a lower bound for very large n.
    """
    sizes = [math.log(n) for n in seconds]
    times = [math.log(time) for time in seconds.values()]
    size, time = fmean(sizes), fmean(times)
    above = sum((x - size) * (y - time) for x, y in zip(sizes, times, strict=True))
    return above / sum((x - size) ** 2 for x in sizes)


class Memory:
    """The peak allocation of a block in bytes, available after the block."""

    peak: int = 0


@contextmanager
def measured_memory() -> Iterator[Memory]:
    """Measure Python's peak allocation within a block, relative to its start."""
    memory = Memory()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        yield memory
        memory.peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def table(times: Mapping[str, float], trivial: float) -> list[str]:
    """Format times with their ratio to a trivial request, which is comparable across machines."""
    return [
        f"{seconds * 1000:8.2f} ms  {seconds / trivial:6.1f} x  {name}"
        for name, seconds in times.items()
    ]
