"""The client over real sockets, with failures of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from backend.core.circuit_breaker import CircuitBreaker, CircuitState
from backend.features.inference.client import (
    HttpModelService,
    InferenceSettings,
    InferenceUnavailableError,
    make_client,
)
from backend.tests.fakes.clock import FakeClock
from backend.tests.fakes.features.inference.stub import (
    IMAGES,
    InferenceStub,
    Misbehaviour,
    answering,
    closing,
    label_of,
    silent,
    trickling,
)

PICTURES = [IMAGES[0] + bytes([number]) for number in range(10)]
MakeService = Callable[..., HttpModelService]

MISBEHAVIOURS = {
    "500": answering(500),
    "an unknown status": answering(404),
    "garbage": answering(200, "<html>"),
    "one result too few": answering(200, {"results": []}),
    "a score above 1": answering(200, {"results": [{"labels": [{"name": "mug", "score": 2}]}]}),
    "a name that cannot be stored": answering(
        200, {"results": [{"labels": [{"name": "\0", "score": 1}]}]}
    ),
    "half an answer": closing,
    "no answer": silent,
    "an answer without end": trickling,
}


def limit_of(misbehaviour: Misbehaviour) -> float:
    """Return a time limit that only a never-ending response exceeds."""
    return 0.5 if misbehaviour in {silent, trickling} else 5


@pytest.fixture
async def make_service(inference_stub: InferenceStub) -> AsyncIterator[MakeService]:
    """Creates the application's client: `make_service(inference_attempts=1)`."""
    clients = []

    def make(**settings: object) -> HttpModelService:
        values = {"inference_url": inference_stub.url, "inference_backoff": 0, **settings}
        chosen = InferenceSettings.model_validate(values)
        clients.append(make_client(chosen))
        return HttpModelService(clients[-1], chosen)

    yield make
    for client in clients:
        await client.aclose()


async def names(service: HttpModelService, pictures: list[bytes]) -> list[str | None]:
    """Return the first label of each picture, None for rejected ones."""
    results = await service.label(pictures)
    return [labels[0].name if labels else None for labels in results]


async def fail(service: HttpModelService, *, answered: bool) -> None:
    with pytest.raises(InferenceUnavailableError) as caught:
        await service.label(PICTURES[:1])
    assert caught.value.answered is answered


class TestFailures:
    @pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS.values(), ids=list(MISBEHAVIOURS))
    async def test_is_retried(
        self, misbehaviour: Misbehaviour, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service(inference_attempts=2, inference_timeout=limit_of(misbehaviour))
        inference_stub.next.append(misbehaviour)
        assert await names(service, PICTURES[:1]) == [label_of(PICTURES[0])]
        assert inference_stub.batches == [PICTURES[:1]] * 2

    @pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS.values(), ids=list(MISBEHAVIOURS))
    async def test_is_reported_after_the_last_attempt(
        self, misbehaviour: Misbehaviour, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service(inference_attempts=2, inference_timeout=limit_of(misbehaviour))
        inference_stub.next += [misbehaviour, misbehaviour]
        await fail(service, answered=True)
        assert len(inference_stub.batches) == 2

    async def test_a_stopped_service_was_not_reached(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service()
        async with inference_stub.away():
            await fail(service, answered=False)
        assert await names(service, PICTURES[:1]) == [label_of(PICTURES[0])]


class TestBatches:
    async def test_many_images_are_sent_in_batches_and_keep_their_order(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service(inference_batch_size=4)
        assert await names(service, PICTURES) == [label_of(picture) for picture in PICTURES]
        assert [len(batch) for batch in inference_stub.batches] == [4, 4, 2]

    async def test_a_rejected_batch_is_split_until_the_bad_image_is_alone(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        pictures = [*PICTURES[:5], b"no image", *PICTURES[5:7]]
        expected = [label_of(picture) if picture in PICTURES else None for picture in pictures]
        service = make_service(inference_batch_size=8)
        assert await names(service, pictures) == expected
        assert [len(batch) for batch in inference_stub.batches] == [8, 4, 4, 2, 1, 1, 2]
        assert service.breaker.state is CircuitState.CLOSED

    @pytest.mark.parametrize("status", [400, 413, 415, 422])
    async def test_each_rejection_status_is_recognized(
        self, status: int, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        inference_stub.poison[PICTURES[0]] = answering(status)
        service = make_service()
        assert await names(service, PICTURES[:2]) == [None, label_of(PICTURES[1])]


class TestCircuitBreaker:
    async def test_opens_then_half_opens_and_closes(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        clock = FakeClock()
        service = make_service(inference_attempts=1)
        service.breaker = CircuitBreaker(
            failures=HttpModelService._FAILURES,
            threshold=2,
            reset_after=30,
            clock=clock.monotonic,
        )
        inference_stub.next += [answering(500)] * 3
        await fail(service, answered=True)
        await fail(service, answered=True)
        await fail(service, answered=False)
        assert len(inference_stub.batches) == 2, "the open circuit let a request through"

        clock.advance(30)
        await fail(service, answered=True)
        await fail(service, answered=False)
        assert len(inference_stub.batches) == 3, "more than one call has tried"

        clock.advance(30)
        assert await names(service, PICTURES[:1]) == [label_of(PICTURES[0])]
        assert service.breaker.state.value == "closed"

    async def test_health_bypasses_it(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service(inference_attempts=1, inference_breaker_threshold=1)
        inference_stub.next.append(answering(500))
        await fail(service, answered=True)
        assert (await service.health()).model == "stub"


class TestHealth:
    async def test_an_unhealthy_service_differs_from_a_stopped_one(
        self, inference_stub: InferenceStub, make_service: MakeService
    ) -> None:
        service = make_service()
        inference_stub.is_well = False
        with pytest.raises(InferenceUnavailableError) as caught:
            await service.health()
        assert caught.value.answered
        async with inference_stub.away():
            with pytest.raises(InferenceUnavailableError) as caught:
                await service.health()
        assert not caught.value.answered
