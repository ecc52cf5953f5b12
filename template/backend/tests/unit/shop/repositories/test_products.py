"""Queries for products and their images."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from backend.core.errors import ConflictError
from backend.shop.models.product import Product
from backend.shop.repositories.products import ProductFilter
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.factories.shop import ProductFactory, ProductImageFactory


async def add_product(uow: ShopUnitOfWork, **values: object) -> Product:
    product = ProductFactory.build(**values)
    await uow.products.add(product)
    return product


async def names(uow: ShopUnitOfWork, wanted: ProductFilter) -> set[str]:
    return {product.name for product in (await uow.products.list(wanted)).items}


@pytest.fixture
async def catalogue(uow: ShopUnitOfWork) -> ShopUnitOfWork:
    """Four products, one of them not for sale."""
    await add_product(uow, name="Blue mug", price=Decimal("12.50"), stock=4)
    await add_product(uow, name="Red mug, 100%", price=Decimal("20.00"), stock=0)
    await add_product(uow, name="Tea_pot", price=Decimal("39.00"), stock=1)
    await add_product(uow, name="Old mug", price=Decimal("1.00"), active=False)
    return uow


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(ProductFilter(), {"Blue mug", "Red mug, 100%", "Tea_pot"}, id="for sale"),
        pytest.param(ProductFilter(active=False), {"Old mug"}, id="not for sale"),
        pytest.param(ProductFilter(search="MUG"), {"Blue mug", "Red mug, 100%"}, id="any case"),
        pytest.param(ProductFilter(search="0%"), {"Red mug, 100%"}, id="percent sign"),
        pytest.param(ProductFilter(search="a_p"), {"Tea_pot"}, id="underscore"),
        pytest.param(ProductFilter(search="\\"), set(), id="backslash"),
        pytest.param(ProductFilter(search="glass"), set(), id="nothing"),
        pytest.param(ProductFilter(in_stock=True), {"Blue mug", "Tea_pot"}, id="in stock"),
        pytest.param(ProductFilter(in_stock=False), {"Red mug, 100%"}, id="sold out"),
        pytest.param(
            ProductFilter(min_price=Decimal("12.50"), max_price=Decimal("20.00")),
            {"Blue mug", "Red mug, 100%"},
            id="price, limits included",
        ),
        pytest.param(
            ProductFilter(search="mug", min_price=Decimal(15)), {"Red mug, 100%"}, id="both"
        ),
    ],
)
async def test_products_are_filtered(
    catalogue: ShopUnitOfWork, wanted: ProductFilter, found: set[str]
) -> None:
    assert await names(catalogue, wanted) == found


async def test_all_are_listed_whether_for_sale_or_not(catalogue: ShopUnitOfWork) -> None:
    assert len(await names(catalogue, ProductFilter(active=None))) == 4


async def test_a_sku_is_unique(uow: ShopUnitOfWork) -> None:
    await add_product(uow, sku="A")
    with pytest.raises(ConflictError):
        await add_product(uow, sku="A")


async def test_a_product_cannot_take_another_ones_sku(uow: ShopUnitOfWork) -> None:
    await add_product(uow, sku="A")
    other = await add_product(uow, sku="B")
    other.sku = "A"
    with pytest.raises(ConflictError):
        await uow.products.flush(other)


async def test_only_existing_products_are_locked(uow: ShopUnitOfWork) -> None:
    one, two = await add_product(uow), await add_product(uow)
    locked = await uow.products.lock([two.id, one.id, two.id, uuid4()])
    assert locked == {one.id: one, two.id: two}


async def test_many_are_found_by_their_ids(uow: ShopUnitOfWork) -> None:
    mug, old = await add_product(uow), await add_product(uow, active=False)
    await add_product(uow)
    assert set(await uow.products.find([mug.id, old.id, mug.id, uuid4()])) == {mug, old}


async def test_a_deleted_product_is_gone(uow: ShopUnitOfWork) -> None:
    product = await add_product(uow)
    await uow.products.delete(product)
    assert await uow.products.get(product.id) is None


class TestImages:
    async def test_they_are_listed_in_the_order_they_came(self, uow: ShopUnitOfWork) -> None:
        product = await add_product(uow)
        start = datetime(2026, 1, 1, tzinfo=UTC)
        images = [
            ProductImageFactory.build(product=product, created_at=start + timedelta(seconds=n))
            for n in (2, 1, 3)
        ]
        for image in images:
            await uow.images.add(image)
        assert list(await uow.images.list(product.id)) == [images[1], images[0], images[2]]

    async def test_one_is_found_only_with_its_product(self, uow: ShopUnitOfWork) -> None:
        product, other = await add_product(uow), await add_product(uow)
        image = ProductImageFactory.build(product=product)
        await uow.images.add(image)
        assert await uow.images.get(product.id, image.id) is image
        assert await uow.images.get(other.id, image.id) is None

    async def test_a_deleted_one_is_gone(self, uow: ShopUnitOfWork) -> None:
        product = await add_product(uow)
        image = ProductImageFactory.build(product=product)
        await uow.images.add(image)
        await uow.images.delete(image)
        assert list(await uow.images.list(product.id)) == []
