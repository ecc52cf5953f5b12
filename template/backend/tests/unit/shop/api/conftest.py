"""Products for sale."""

import pytest

from backend.shop.models.product import Product
from backend.tests.factories.shop import ProductFactory
from backend.tests.fakes.shop.container import FakeShop


@pytest.fixture
async def product(fake_shop: FakeShop) -> Product:
    product = ProductFactory.build(name="Mug", stock=5)
    await fake_shop.uow.products.add(product)
    return product
