"""The catalogue and its cache."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from backend.core.errors import ConflictError, NotFoundError, ValidationFailedError
from backend.shop.models.product import Product
from backend.shop.repositories.products import ProductFilter
from backend.shop.services.catalogue import CatalogueService, CatalogueSettings
from backend.tests.factories.shop import ProductFactory, ProductImageFactory
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork

ALL = ProductFilter()
VALUES: dict[str, Any] = {"sku": "NEW-1", "name": "New", "price": Decimal("5.00")}


@pytest.fixture
def catalogue(fake_shop: FakeShop, uow: FakeShopUnitOfWork) -> CatalogueService:
    return fake_shop.shop.catalogue(uow)


@pytest.fixture
async def product(uow: FakeShopUnitOfWork) -> Product:
    product = ProductFactory.build(name="Mug")
    await uow.products.add(product)
    return product


async def listed(catalogue: CatalogueService, wanted: ProductFilter = ALL) -> list[str]:
    return [product.name for product in (await catalogue.list(wanted)).items]


class TestList:
    async def test_it_expires_after_its_time_to_live(
        self, catalogue: CatalogueService, product: Product, fake_shop: FakeShop
    ) -> None:
        assert await listed(catalogue) == ["Mug"]
        product.name = "Cup"  # bypasses the service, as an order does
        assert await listed(catalogue) == ["Mug"]
        fake_shop.clock.advance(CatalogueSettings().catalogue_ttl)
        assert await listed(catalogue) == ["Cup"]

    async def test_a_cached_page_equals_the_original(
        self, catalogue: CatalogueService, product: Product
    ) -> None:
        assert await catalogue.list(ALL) == await catalogue.list(ALL)
        assert product.price == (await catalogue.list(ALL)).items[0].price

    async def test_each_query_has_its_own_entry(
        self, catalogue: CatalogueService, product: Product
    ) -> None:
        assert await listed(catalogue, ProductFilter(search="cup")) == []
        assert await listed(catalogue, ProductFilter(search="mug")) == ["Mug"]
        assert await listed(catalogue, ProductFilter(in_stock=False)) == []

    async def test_a_ttl_of_0_caches_nothing(self, fake_shop: FakeShop, product: Product) -> None:
        settings = CatalogueSettings(catalogue_ttl=0)
        catalogue = CatalogueService(fake_shop.uow, fake_shop.shop.cache, fake_shop.media, settings)
        assert await listed(catalogue) == ["Mug"]
        product.name = "Cup"
        assert await listed(catalogue) == ["Cup"]

    async def test_a_wrong_cursor_is_refused(self, catalogue: CatalogueService) -> None:
        with pytest.raises(ValidationFailedError):
            await catalogue.list(ALL, cursor="nonsense")


class TestChanges:
    """Each change is visible in the list at once."""

    @pytest.fixture(autouse=True)
    async def cached(self, catalogue: CatalogueService, product: Product) -> None:
        assert await listed(catalogue) == ["Mug"]

    async def test_adding(self, catalogue: CatalogueService, uow: FakeShopUnitOfWork) -> None:
        await catalogue.add(VALUES)
        assert sorted(await listed(catalogue)) == ["Mug", "New"]
        assert uow.commits == 1

    async def test_changing(self, catalogue: CatalogueService, product: Product) -> None:
        changed = await catalogue.change(product.id, {"name": "Cup", "description": None})
        assert (changed.name, changed.sku) == ("Cup", product.sku)
        assert await listed(catalogue) == ["Cup"]

    async def test_removing(self, catalogue: CatalogueService, product: Product) -> None:
        await catalogue.remove(product.id)
        assert await listed(catalogue) == []

    async def test_a_conflict_changes_nothing(
        self, catalogue: CatalogueService, product: Product, uow: FakeShopUnitOfWork
    ) -> None:
        with pytest.raises(ConflictError):
            await catalogue.add(VALUES | {"sku": product.sku})
        assert uow.commits == 0


class TestRefusals:
    async def test_an_unknown_product_is_not_found(self, catalogue: CatalogueService) -> None:
        for refused in (
            catalogue.get(uuid4()),
            catalogue.change(uuid4(), {}),
            catalogue.remove(uuid4()),
        ):
            with pytest.raises(NotFoundError):
                await refused

    async def test_a_product_not_for_sale_is_visible_to_admins_only(
        self, catalogue: CatalogueService, product: Product
    ) -> None:
        product.active = False
        with pytest.raises(NotFoundError):
            await catalogue.get(product.id)
        assert await catalogue.get(product.id, with_inactive=True) is product

    async def test_an_ordered_product_keeps_its_images(
        self, catalogue: CatalogueService, product: Product, fake_shop: FakeShop
    ) -> None:
        name = await fake_shop.media.save(b"x", ".png")
        await fake_shop.uow.images.add(ProductImageFactory.build(product=product, name=name))
        fake_shop.uow.products.ordered.add(product.id)
        with pytest.raises(ConflictError):
            await catalogue.remove(product.id)
        assert name in fake_shop.media.files

    async def test_deleting_a_product_deletes_its_images(
        self, catalogue: CatalogueService, product: Product, fake_shop: FakeShop
    ) -> None:
        name = await fake_shop.media.save(b"x", ".png")
        await fake_shop.uow.images.add(ProductImageFactory.build(product=product, name=name))
        await catalogue.remove(product.id)
        assert fake_shop.media.files == {}


async def test_many_are_found_by_their_ids(catalogue: CatalogueService, product: Product) -> None:
    assert await catalogue.find([product.id, uuid4()]) == {product.id: product}
