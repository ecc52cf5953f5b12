"""Without the model service, the application works and reports it."""

import httpx2
import pytest

from backend.features.inference.client import InferenceSettings
from backend.tests.fakes.features.inference.stub import InferenceStub
from backend.tests.fixtures.application import MakeClient


async def read_ready(client: httpx2.AsyncClient) -> tuple[int, str]:
    answer = await client.get("/health/ready")
    body = answer.json()
    if body["components"]["inference"] == "unavailable":
        assert body["status"] == "degraded"  # "ok" also depends on the other components
    return answer.status_code, body["components"]["inference"]


async def test_it_is_degraded_while_the_service_is_stopped_or_unhealthy(
    make_client: MakeClient, inference_stub: InferenceStub
) -> None:
    async with make_client(InferenceSettings(inference_url=inference_stub.url)) as client:
        assert await read_ready(client) == (200, "ok")
        inference_stub.is_well = False
        assert await read_ready(client) == (200, "unavailable")
        inference_stub.is_well = True
        async with inference_stub.away():
            assert await read_ready(client) == (200, "unavailable")
        assert await read_ready(client) == (200, "ok")


async def test_without_an_address_the_component_is_not_checked(
    make_client: MakeClient,
) -> None:
    async with make_client(InferenceSettings()) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, "inference" in answer.json()["components"]) == (200, False)


def test_production_refuses_an_unencrypted_remote_address() -> None:
    with pytest.raises(ValueError, match="INFERENCE_URL must begin with https://"):
        InferenceSettings(environment="production", inference_url="http://models.example.org")
