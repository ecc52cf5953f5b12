"""The endpoint of a live server."""

import httpx2

from backend import __version__
from backend.tests.fixtures.features.graphql.client import ask


async def test_a_query_over_a_real_socket(live_client: httpx2.AsyncClient) -> None:
    answer = await ask(live_client, "{ version }")
    assert answer.data == {"version": __version__}


async def test_the_limits_hold(live_client: httpx2.AsyncClient) -> None:
    body = {"query": "#" * (1024 * 1024)}
    assert (await live_client.post("/graphql", json=body)).status_code == 413
    answer = await ask(live_client, "{ " + "version " * 2000 + "}")
    assert answer.codes == ["validation_failed"]
