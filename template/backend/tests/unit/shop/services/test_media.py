"""Images of products."""

import asyncio
from uuid import uuid4

import pytest

from backend.core.errors import NotFoundError, PayloadTooLargeError
from backend.shop.adapters.media import UnsupportedMediaError
from backend.shop.models.product import Product
from backend.shop.services.media import MediaService
from backend.tests.factories.shop import ProductFactory
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork

PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
def images(fake_shop: FakeShop, uow: FakeShopUnitOfWork) -> MediaService:
    return fake_shop.shop.images(uow)


@pytest.fixture
async def product(uow: FakeShopUnitOfWork) -> Product:
    product = ProductFactory.build()
    await uow.products.add(product)
    return product


async def test_an_image_is_stored_with_its_row(
    images: MediaService, product: Product, fake_shop: FakeShop
) -> None:
    image = await images.add_image(product.id, PNG)
    assert (image.content_type, image.size) == ("image/png", len(PNG))
    assert fake_shop.media.files == {image.name: PNG}
    assert await images.list_images(product.id) == [image]
    assert fake_shop.uow.commits == 1


@pytest.mark.parametrize("extra", [0, 1])
async def test_an_image_of_the_maximum_size_is_accepted(
    images: MediaService, product: Product, fake_shop: FakeShop, extra: int
) -> None:
    content = PNG.ljust(images.max_bytes + extra, b".")
    if not extra:
        assert await images.add_image(product.id, content)
        return
    with pytest.raises(PayloadTooLargeError):
        await images.add_image(product.id, content)
    assert fake_shop.media.files == {}


async def test_other_files_are_not_stored(
    images: MediaService, product: Product, fake_shop: FakeShop
) -> None:
    with pytest.raises(UnsupportedMediaError):
        await images.add_image(product.id, b"<script>")
    assert fake_shop.media.files == {}


async def test_an_image_of_an_unknown_product_is_not_stored(
    images: MediaService, fake_shop: FakeShop
) -> None:
    with pytest.raises(NotFoundError):
        await images.add_image(uuid4(), PNG)
    with pytest.raises(NotFoundError):
        await images.list_images(uuid4())
    assert fake_shop.media.files == {}


@pytest.mark.parametrize("failure", [RuntimeError("gone"), asyncio.CancelledError()], ids=repr)
async def test_no_file_remains_without_its_row(
    images: MediaService, product: Product, fake_shop: FakeShop, failure: BaseException
) -> None:
    fake_shop.uow.images.failure = failure
    with pytest.raises(type(failure)):
        await images.add_image(product.id, PNG)
    assert fake_shop.media.files == {}


async def test_deleting_an_image_deletes_its_file(
    images: MediaService, product: Product, fake_shop: FakeShop
) -> None:
    image = await images.add_image(product.id, PNG)
    await images.remove_image(product.id, image.id)
    assert fake_shop.media.files == {}
    with pytest.raises(NotFoundError):
        await images.remove_image(product.id, image.id)


async def test_an_image_is_deleted_only_from_its_product(
    images: MediaService, product: Product, fake_shop: FakeShop
) -> None:
    image = await images.add_image(product.id, PNG)
    with pytest.raises(NotFoundError):
        await images.remove_image(uuid4(), image.id)
    assert image.name in fake_shop.media.files
