"""The real model service: contract, speed and memory. `-rP` shows the figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import perf_counter

import pytest

from backend.features.inference.client import HttpModelService, InferenceSettings, make_client
from backend.tests.async_utils import simulate_concurrent_requests
from backend.tests.fixtures.features.inference.service import PICTURES
from backend.tests.integration.features.inference import test_contract as stub

BATCH = [*PICTURES.values()] * 4
SETTINGS = InferenceSettings(_env_file=None)


@pytest.fixture
async def url(inference_url: str) -> str:
    return inference_url


@pytest.fixture
async def service(url: str) -> AsyncIterator[HttpModelService]:
    """The application's client with its default settings, after a first call, which may be slow."""
    settings = SETTINGS.model_copy(update={"inference_url": url})
    async with make_client(settings) as client:
        service = HttpModelService(client, settings)
        await service.label(BATCH[:1])
        yield service


class TestContract(stub.TestContract):
    @pytest.fixture
    async def url(self, inference_url: str) -> str:
        return inference_url


class TestHealth:
    async def test_it_answers_while_it_labels(self, service: HttpModelService) -> None:
        async def ask(number: int) -> float:
            begin = perf_counter()
            await (service.label(BATCH) if number == 0 else service.health())
            return perf_counter() - begin

        labelling, health = (await simulate_concurrent_requests(ask, count=2, seconds=50)).results
        print(f"health: {health * 1000:.0f} ms, while a batch takes {labelling:.2f} s")
        assert health < min(1, labelling)  # below READINESS_TIMEOUT


class TestInference:
    async def test_it_recognizes_the_pictures(self, service: HttpModelService) -> None:
        for name, picture in PICTURES.items():
            (labels,) = await service.label([picture])
            assert labels
            best = max(labels, key=lambda label: label.score)
            print(f"{name}: {best.name} ({best.score:.3f})")
            assert best.score > 0.5

    async def test_concurrent_batches_get_their_own_labels(self, service: HttpModelService) -> None:
        pictures = list(PICTURES.values())
        alone = [await service.label([picture]) for picture in pictures]

        async def ask(number: int) -> bool:
            which = number % len(pictures)
            return names(await service.label([pictures[which]])) == names(alone[which])

        run = await simulate_concurrent_requests(ask, count=6, seconds=50)
        assert run.results == [True] * 6


class TestSpeed:
    async def test_a_full_batch_takes_half_of_its_time_limit_at_most(
        self, service: HttpModelService
    ) -> None:
        seconds = []
        for _ in range(3):
            begin = perf_counter()
            await service.label(BATCH)
            seconds.append(perf_counter() - begin)
        print(f"speed: {len(BATCH)} images in {', '.join(f'{one:.2f}' for one in seconds)} s")
        assert len(BATCH) == SETTINGS.inference_batch_size
        assert min(seconds) < SETTINGS.inference_timeout / 2


class TestMemory:
    async def test_repeated_batches_use_no_more_memory(self, service: HttpModelService) -> None:
        await service.label(BATCH)
        before = (await service.health()).memory_bytes
        if before is None:
            pytest.skip("the model service does not tell its memory_bytes")
        for _ in range(5):
            await service.label(BATCH)
        after = (await service.health()).memory_bytes
        assert after is not None
        print(f"memory: {before / 2**20:.0f} MiB, after 5 batches more {after / 2**20:.0f} MiB")
        assert after < 1.1 * before


def names(results: object) -> list[list[str]]:
    assert isinstance(results, list)
    return [stub.names(labels) for labels in results]
