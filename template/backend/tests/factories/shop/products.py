"""Products and their images."""

from decimal import Decimal
from uuid import uuid4

import factory

from backend.shop.models.product import Product, ProductImage
from backend.tests.factories.accounts.base import ModelFactory


class ProductFactory(ModelFactory[Product]):
    """A product that is for sale."""

    class Meta:
        model = Product

    class Params:
        sold_out = factory.Trait(stock=0)

    id = factory.LazyFunction(uuid4)
    sku = factory.Sequence(lambda n: f"SKU-{n}")
    name = factory.LazyAttribute(lambda product: f"Product {product.sku}")
    description = None
    price = Decimal("9.99")
    stock = 10
    active = True


class ProductImageFactory(ModelFactory[ProductImage]):
    """An image's row, without a file."""

    class Meta:
        model = ProductImage

    class Params:
        product = factory.SubFactory(ProductFactory)

    id = factory.LazyFunction(uuid4)
    product_id = factory.SelfAttribute("product.id")
    name = factory.LazyFunction(lambda: f"{uuid4().hex}.png")
    content_type = "image/png"
    size = 1024
