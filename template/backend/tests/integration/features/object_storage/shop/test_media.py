"""Images of products in the bucket."""

from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import NotFoundError
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.shop.media import S3MediaStore
from backend.features.object_storage.storage import ObjectStorage
from backend.shop.models.product import Product, ProductImage
from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.application import MakeClient
from backend.tests.fixtures.shop.data import DATA_FOLDER

PNG = (DATA_FOLDER / "shop" / "mug.png").read_bytes()


@pytest.fixture
async def product(db_session: AsyncSession) -> Product:
    return await ProductFactory.create(db_session)


async def upload(client: httpx2.AsyncClient, product: Product) -> httpx2.Response:
    return await client.post(
        f"/api/v1/products/{product.id}/images", files={"file": ("mug.png", PNG, "image/png")}
    )


async def test_an_image_is_in_the_bucket_until_it_is_deleted(
    admin_client: httpx2.AsyncClient, product: Product, object_storage: ObjectStorage
) -> None:
    image = (await upload(admin_client, product)).json()
    key = f"media/{image['name']}"
    assert await object_storage.read(key) == PNG

    answer = await admin_client.get(f"/api/v1/media/{image['name']}")
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "public, max-age=1800")
    async with httpx2.AsyncClient() as anybody:
        download = await anybody.get(answer.headers["location"])
    assert download.content == PNG
    assert download.headers["content-type"] == "image/png"
    assert "immutable" in download.headers["cache-control"]

    url = f"/api/v1/products/{product.id}/images/{image['id']}"
    assert (await admin_client.delete(url)).status_code == 204
    assert await object_storage.list("media") == []
    assert (await admin_client.get(f"/api/v1/media/{image['name']}")).status_code == 404


async def test_the_store_saves_and_reads(object_storage: ObjectStorage) -> None:
    store = S3MediaStore(object_storage)
    name = await store.save(PNG, ".png")
    assert await store.read(name) == PNG
    await store.delete(name)
    with pytest.raises(NotFoundError):
        await store.find(name)


async def test_an_invoice_is_not_served_as_an_image(
    client: httpx2.AsyncClient, object_storage: ObjectStorage
) -> None:
    await object_storage.put("invoices/1.json", b"{}", content_type="application/json")
    for name in ("../invoices/1.json", "..%2finvoices%2f1.json", "%2e%2e/invoices/1.json"):
        assert (await client.get(f"/api/v1/media/{name}")).status_code == 404


async def test_an_upload_without_the_storage_is_a_503_and_leaves_no_row(
    make_client: MakeClient,
    storage_away: ObjectStorageSettings,
    admin_client: httpx2.AsyncClient,
    product: Product,
    db_session: AsyncSession,
) -> None:
    async with make_client(storage_away) as client:
        client.headers = admin_client.headers
        answer = await upload(client, product)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert await db_session.scalar(select(func.count()).select_from(ProductImage)) == 0


async def test_a_failed_deletion_of_a_file_is_not_an_error(
    admin_client: httpx2.AsyncClient,
    app: FastAPI,
    product: Product,
    storage_away: ObjectStorageSettings,
) -> None:
    image = (await upload(admin_client, product)).json()
    away = S3MediaStore(ObjectStorage(storage_away))
    app.state.shop = replace(app.state.shop, media=away)
    url = f"/api/v1/products/{product.id}/images/{image['id']}"
    assert (await admin_client.delete(url)).status_code == 204
