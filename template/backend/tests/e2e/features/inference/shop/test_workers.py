"""A process of the application is killed while it labels images."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer, run_live_server
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from backend.shop.adapters.media import MediaSettings
from backend.shop.models.product import Product
from backend.tests.async_utils import async_timeout
from backend.tests.factories.shop import ProductFactory, ProductImageFactory
from backend.tests.fakes.features.inference.stub import IMAGES, InferenceStub, label_of, silent
from backend.tests.fixtures.application import running

pytestmark = pytest.mark.slow  # each starts its own servers

PICTURES = [IMAGES[0] + bytes([number]) for number in range(6)]


@pytest.fixture
async def product(
    db_session: AsyncSession, tmp_path: Path, worker_settings: Settings, integration_db: Database
) -> Product:
    """A product with an image for each picture, in the servers' media store."""
    product = await ProductFactory.create(db_session)
    media = MediaSettings(media_root=tmp_path)
    app = create_app(worker_settings, media, database=integration_db)
    async with running(app):
        names = [await app.state.shop.media.save(picture, ".png") for picture in PICTURES]
    for name in names:
        await ProductImageFactory.create(db_session, product_id=product.id, product=None, name=name)
    return product


@pytest.fixture
def server_env(tmp_path: Path, inference_stub: InferenceStub) -> Mapping[str, str]:
    """Settings for labelling at once, and for claims that expire soon."""
    return {
        "INFERENCE_BATCH_SIZE": "2",
        "INFERENCE_URL": inference_stub.url,
        "JOBS_INTERVAL": "0.05",
        "LABELLING_CLAIM": "2",
        "MEDIA_ROOT": str(tmp_path),
    }


@asynccontextmanager
async def serving(url: str, log: Path, env: Mapping[str, str]) -> AsyncIterator[LiveServer]:
    """Run a server without blocking the event loop, which runs the model service."""
    variables = {"DATABASE_URL": url, "ENVIRONMENT": "test", "LOG_FORMAT": "json", **env}
    running = run_live_server("backend.main:create_app", log, variables, ready_path="/health/live")
    server = await asyncio.to_thread(running.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def wait_for_labels(server: LiveServer, product_id: UUID) -> None:
    """Wait until each image has the label of its picture."""
    expected = sorted(label_of(picture) for picture in PICTURES)
    async with (
        async_timeout(20, "the labels"),
        httpx2.AsyncClient(base_url=server.url) as client,
    ):
        while True:
            answer = await client.get(f"/api/v1/products/{product_id}/labels")
            labels = [label["name"] for image in answer.json() for label in image["labels"]]
            if sorted(labels) == expected:
                return
            await asyncio.sleep(0.05)


async def test_another_server_labels_the_images_of_a_killed_one(
    worker_db_url: str,
    server_env: Mapping[str, str],
    product: Product,
    inference_stub: InferenceStub,
    tmp_path: Path,
) -> None:
    inference_stub.next.append(silent)
    async with (
        serving(worker_db_url, tmp_path / "one", server_env) as killed,
        async_timeout(20, "the first batch"),
    ):
        while not inference_stub.batches:  # noqa: ASYNC110 - another process sends it
            await asyncio.sleep(0.01)
        killed.process.kill()
    (lost,) = inference_stub.batches
    async with serving(worker_db_url, tmp_path / "two", server_env) as other:
        await wait_for_labels(other, product.id)
    asked = inference_stub.images
    assert {picture for picture in PICTURES if asked.count(picture) > 1} >= set(lost)
