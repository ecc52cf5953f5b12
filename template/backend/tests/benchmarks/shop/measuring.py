"""Times, growth and memory of asynchronous calls.

Not pytest-benchmark: it would need an event loop of its own.
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


def growth(seconds: Mapping[int, float]) -> float:
    """Return the power of n with which times grow: 0 constant, 1 linear, 2 quadratic.

    The slope of the line through (log n, log seconds) that fits best. Costs that do not depend on
    n make it smaller, so it is a lower bound for what very large n would show.
    """
    sizes = [math.log(n) for n in seconds]
    times = [math.log(time) for time in seconds.values()]
    size, time = fmean(sizes), fmean(times)
    above = sum((x - size) * (y - time) for x, y in zip(sizes, times, strict=True))
    return above / sum((x - size) ** 2 for x in sizes)


class Memory:
    """What a block allocated at its peak, in bytes; there when the block has ended."""

    peak: int = 0


@contextmanager
def measured_memory() -> Iterator[Memory]:
    """Measure what Python allocates within a block, above what there was before."""
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
    """Write times down, with their ratio to a trivial request's, which travels."""
    return [
        f"{seconds * 1000:8.2f} ms  {seconds / trivial:6.1f} x  {name}"
        for name, seconds in times.items()
    ]
