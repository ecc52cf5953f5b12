"""The contract of a model service. In gpu/, a real one passes the same tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.features.inference.client import HttpModelService, InferenceSettings, make_client
from backend.tests.fakes.features.inference.stub import InferenceStub
from backend.tests.fixtures.features.inference.service import PICTURES

MUG, TEA = PICTURES["coffee_mug"], PICTURES["green_tea"]


class TestContract:
    @pytest.fixture
    async def url(self, inference_stub: InferenceStub) -> str:
        return inference_stub.url

    @pytest.fixture
    async def service(self, url: str) -> AsyncIterator[HttpModelService]:
        settings = InferenceSettings(inference_url=url, inference_attempts=1)
        async with make_client(settings) as client:
            yield HttpModelService(client, settings)

    async def test_it_is_healthy_and_names_its_model(self, service: HttpModelService) -> None:
        assert (await service.health()).model

    async def test_each_image_gets_its_own_labels(self, service: HttpModelService) -> None:
        mug, tea = await service.label([MUG, TEA])
        assert mug
        assert tea
        assert {label.name for label in mug} != {label.name for label in tea}

    async def test_labels_do_not_depend_on_the_rest_of_the_batch(
        self, service: HttpModelService
    ) -> None:
        mug, tea, again = await service.label([MUG, TEA, MUG])
        ((alone),) = await service.label([TEA])
        assert mug is not None
        assert names(mug) == names(again)
        assert names(tea) == names(alone)

    async def test_an_invalid_image_is_rejected_without_affecting_the_others(
        self, service: HttpModelService
    ) -> None:
        mug, text, broken, tea = await service.label([MUG, b"no image", b"", TEA])
        assert (text, broken) == (None, None)
        assert mug
        assert tea
        assert service.breaker.state.value == "closed"

    async def test_an_empty_input_gives_an_empty_result(self, service: HttpModelService) -> None:
        assert await service.label([]) == []


def names(labels: object) -> list[str]:
    assert isinstance(labels, list)
    return [label.name for label in labels]
