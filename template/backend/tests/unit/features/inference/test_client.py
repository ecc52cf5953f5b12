"""Requests to the model service, and its responses."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from backend.core.circuit_breaker import CircuitState
from backend.features.inference.client import (
    Health,
    HttpModelService,
    InferenceSettings,
    InferenceUnavailableError,
    Label,
    make_client,
)

Answer = Callable[[httpx2.Request], httpx2.Response]
MakeService = Callable[..., HttpModelService]


@pytest.fixture
async def make_service() -> AsyncIterator[MakeService]:
    """Creates a client whose requests a function answers: `make_service(answer)`."""
    clients = []

    def make(answer: Answer, **settings: object) -> HttpModelService:
        chosen = InferenceSettings.model_validate({"inference_backoff": 0, **settings})
        clients.append(make_client(chosen, httpx2.MockTransport(answer)))
        return HttpModelService(clients[-1], chosen)

    yield make
    for client in clients:
        await client.aclose()


def answer_with(*results: list[dict[str, object]]) -> Answer:
    return lambda _: httpx2.Response(200, json={"results": [{"labels": one} for one in results]})


def answer_status(status: int) -> Answer:
    return lambda _: httpx2.Response(status)


async def test_images_are_sent_in_base64_and_labels_come_back_in_their_order(
    make_service: MakeService,
) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return answer_with([{"name": " mug ", "score": 0.5}], [])(request)

    service = make_service(answer, inference_url="http://127.0.0.1:9/models/")
    assert await service.label([b"one", b"two"]) == [[Label(name="mug", score=0.5)], []]
    (request,) = sent
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:9/models/v1/labels")
    expected = [b64encode(image).decode() for image in (b"one", b"two")]
    assert json.loads(request.content) == {"images": expected}


async def test_no_images_cause_no_request(make_service: MakeService) -> None:
    assert await make_service(answer_status(500)).label([]) == []


async def test_the_health_may_have_more_or_fewer_fields(
    make_service: MakeService,
) -> None:
    service = make_service(lambda _: httpx2.Response(200, json={"model": "m", "other": 1}))
    assert await service.health() == Health(model="m")


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.PoolTimeout("busy"),
        httpx2.UnsupportedProtocol("no address"),
    ],
)
async def test_an_unsent_request_was_not_answered(
    error: Exception, make_service: MakeService
) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    with pytest.raises(InferenceUnavailableError) as caught:
        await make_service(answer).label([b"image"])
    assert not caught.value.answered
    assert caught.value.__cause__


async def test_an_open_circuit_during_retries_keeps_the_earlier_failure(
    make_service: MakeService,
) -> None:
    service = make_service(answer_status(500), inference_breaker_threshold=1)
    with pytest.raises(InferenceUnavailableError) as caught:
        await service.label([b"image"])
    assert caught.value.answered
    assert service.breaker.state is CircuitState.OPEN


async def test_a_failure_in_a_later_batch_fails_the_call(make_service: MakeService) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        first = b64encode(b"one").decode() in request.content.decode()
        return answer_with([])(request) if first else httpx2.Response(503)

    service = make_service(answer, inference_batch_size=1, inference_attempts=1)
    with pytest.raises(InferenceUnavailableError):
        await service.label([b"one", b"two"])


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_a_rejected_image_is_none_and_not_a_failure(
    status: int, make_service: MakeService
) -> None:
    service = make_service(answer_status(status), inference_breaker_threshold=1)
    assert await service.label([b"one", b"two"]) == [None, None]
    assert service.breaker.state is CircuitState.CLOSED


async def test_an_invalid_health_response_is_unhealthy(make_service: MakeService) -> None:
    for answer in (answer_status(422), answer_status(200), answer_status(503)):
        with pytest.raises(InferenceUnavailableError) as caught:
            await make_service(answer).health()
        assert caught.value.answered
