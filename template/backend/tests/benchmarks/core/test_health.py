"""The base cost of a request."""

from statistics import median
from time import perf_counter

import httpx2


async def test_readiness_costs_one_round_trip(client: httpx2.AsyncClient) -> None:
    times: dict[str, list[float]] = {"/health/live": [], "/health/ready": []}
    for _ in range(33):
        for path, measured in times.items():
            start = perf_counter()
            await client.get(path)
            measured.append(perf_counter() - start)
    live, ready = (median(measured[3:]) for measured in times.values())  # the first ones warm up
    assert ready < 20 * live
