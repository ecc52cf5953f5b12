"""From upload to labels, with the API, the database and a service on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.jobs import run_periodically
from backend.features.inference.client import HttpModelService, InferenceSettings, make_client
from backend.features.inference.shop import make_jobs, make_service
from backend.features.inference.shop.services.labelling import LabellingReport
from backend.shop.models.product import Product
from backend.shop.services.container import ShopContainer
from backend.tests.async_utils import async_timeout, run_concurrent_tasks
from backend.tests.factories.shop import ProductFactory, ProductImageFactory
from backend.tests.fakes.clock import FakeClock
from backend.tests.fakes.features.inference.stub import (
    IMAGES,
    InferenceStub,
    closing,
    label_of,
    silent,
)

PICTURES = [IMAGES[0] + bytes([number]) for number in range(20)]


@pytest.fixture
async def shop(
    app: FastAPI, shop: ShopContainer, inference_stub: InferenceStub
) -> AsyncIterator[ShopContainer]:
    """The running shop, with the stub as its model service and a fake clock."""
    settings = InferenceSettings(
        inference_url=inference_stub.url, inference_attempts=1, inference_breaker_threshold=100
    )
    app.state.shop = replace(shop, clock=FakeClock())
    async with make_client(settings) as client:
        app.state.inference = HttpModelService(client, settings)
        yield app.state.shop


@pytest.fixture
async def product(db_session: AsyncSession) -> Product:
    """A product without images."""
    return await ProductFactory.create(db_session)


async def upload(client: httpx2.AsyncClient, product: Product, *pictures: bytes) -> list[str]:
    path = f"/api/v1/products/{product.id}/images"
    ids = []
    for picture in pictures:
        answer = await client.post(path, files={"file": ("mug.png", picture, "image/png")})
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    return ids


async def read_labels(client: httpx2.AsyncClient, product: Product) -> dict[str, tuple[str, str]]:
    """Return status and label of each image."""
    answer = await client.get(f"/api/v1/products/{product.id}/labels")
    assert answer.status_code == 200, answer.text
    return {
        image["image_id"]: (image["status"], "".join(label["name"] for label in image["labels"]))
        for image in answer.json()
    }


async def test_an_upload_is_pending_until_the_job_labels_it(
    admin_client: httpx2.AsyncClient, app: FastAPI, shop: ShopContainer, product: Product
) -> None:
    first, second = await upload(admin_client, product, *PICTURES[:2])
    assert await read_labels(admin_client, product) == {
        first: ("pending", ""),
        second: ("pending", ""),
    }
    assert await make_service(app).run() == LabellingReport(done=2)
    answer = await admin_client.get(f"/api/v1/products/{product.id}/labels")
    assert answer.json()[0] == {
        "image_id": first,
        "status": "done",
        "labels": [{"name": label_of(PICTURES[0]), "score": 0.9}],
    }


async def test_without_the_service_uploads_succeed_and_labels_follow(
    admin_client: httpx2.AsyncClient,
    app: FastAPI,
    shop: ShopContainer,
    product: Product,
    inference_stub: InferenceStub,
) -> None:
    async with inference_stub.away():
        (image,) = await upload(admin_client, product, PICTURES[0])
        for _ in range(10):  # more often than an image's maximum attempts
            assert await make_service(app).run() == LabellingReport(postponed=1)
        assert await read_labels(admin_client, product) == {image: ("pending", "")}
    assert await make_service(app).run() == LabellingReport(done=1)
    assert await read_labels(admin_client, product) == {image: ("done", label_of(PICTURES[0]))}


async def test_an_image_that_crashes_the_service_fails_and_the_others_are_labelled(
    admin_client: httpx2.AsyncClient,
    app: FastAPI,
    shop: ShopContainer,
    product: Product,
    inference_stub: InferenceStub,
) -> None:
    assert isinstance(shop.clock, FakeClock)
    good, bad, broken = await upload(admin_client, product, *PICTURES[:3])
    inference_stub.poison[PICTURES[1]] = closing
    await shop.media.delete((await admin_client.get(images_of(product))).json()[2]["name"])
    for _ in range(10):
        await make_service(app).run()
        shop.clock.advance(3600)
    assert await read_labels(admin_client, product) == {
        good: ("done", label_of(PICTURES[0])),
        bad: ("failed", ""),
        broken: ("failed", ""),
    }
    assert inference_stub.batches == [PICTURES[:2], [PICTURES[0]], *[[PICTURES[1]]] * 4]


async def test_two_concurrent_workers_label_each_image_once(
    app: FastAPI,
    shop: ShopContainer,
    product: Product,
    admin_client: httpx2.AsyncClient,
    inference_stub: InferenceStub,
) -> None:
    ids = await upload(admin_client, product, *PICTURES)
    run = await run_concurrent_tasks([make_service(app).run() for _ in range(3)])
    assert sum(report.done for report in run.results) == len(PICTURES)
    assert sorted(inference_stub.images) == sorted(PICTURES)
    labels = await read_labels(admin_client, product)
    assert labels == {
        image: ("done", label_of(picture)) for image, picture in zip(ids, PICTURES, strict=True)
    }


async def test_an_image_can_be_deleted_while_it_is_labelled(
    admin_client: httpx2.AsyncClient,
    app: FastAPI,
    shop: ShopContainer,
    product: Product,
    inference_stub: InferenceStub,
) -> None:
    image, other = await upload(admin_client, product, *PICTURES[:2])
    inference_stub.next.append(silent)
    round_one = asyncio.create_task(make_service(app).run())
    async with async_timeout(2, "the model and the removal"):
        while not inference_stub.batches:  # noqa: ASYNC110 - the stub counts, it has no event
            await asyncio.sleep(0.001)
        answer = await admin_client.delete(f"{images_of(product)}/{image}")
        assert answer.status_code == 204, answer.text
        await inference_stub.stop()
        assert await round_one == LabellingReport(postponed=1)
        await inference_stub.start()
        assert await make_service(app).run() == LabellingReport(done=1)
    assert (await read_labels(admin_client, product)).keys() == {other}


async def test_the_job_labels_images_from_before_the_feature(
    app: FastAPI, shop: ShopContainer, db_session: AsyncSession, client: httpx2.AsyncClient
) -> None:
    name = await shop.media.save(PICTURES[0], ".png")
    image = await ProductImageFactory.create(db_session, name=name)
    product = await db_session.get_one(Product, image.product_id)
    async with (
        run_periodically(make_jobs(app), 0.001),
        async_timeout(3, "the job"),
    ):
        expected = {str(image.id): ("done", label_of(PICTURES[0]))}
        while await read_labels(client, product) != expected:  # noqa: ASYNC110 - as a client would
            await asyncio.sleep(0.01)


async def test_an_unknown_product_has_no_labels(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/api/v1/products/{uuid4()}/labels")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def images_of(product: Product) -> str:
    return f"/api/v1/products/{product.id}/images"
