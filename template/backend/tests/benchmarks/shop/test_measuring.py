"""Measurements of scaling and memory."""

from __future__ import annotations

import pytest

from backend.tests.benchmarks.shop.measuring import growth, measured_memory


@pytest.mark.parametrize("power", [0, 1, 2])
def test_growth_is_the_power_of_n(power: int) -> None:
    assert growth({n: 0.003 * n**power for n in (10, 20, 40)}) == pytest.approx(power)


def test_freed_memory_counts_too() -> None:
    with measured_memory() as memory:
        bytes(5_000_000)
    assert 5_000_000 <= memory.peak < 5_100_000
