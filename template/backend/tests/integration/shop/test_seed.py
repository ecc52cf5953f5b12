"""The products and the order for development."""

import httpx2
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.shop import seed
from backend.shop.models.order import Order
from backend.shop.models.product import Product


async def test_there_are_products_and_an_order(
    client: httpx2.AsyncClient, integration_db: Database, db_session: AsyncSession
) -> None:
    await seed.seed(integration_db)
    products = (await client.get("/api/v1/products")).json()["items"]
    assert {product["sku"] for product in products} == set(seed.PRODUCTS)
    (order,) = await db_session.scalars(select(Order))
    assert str(order.total) == "25.00"


async def test_deleted_rows_are_added_again_and_changed_ones_kept(
    integration_db: Database, db_session: AsyncSession
) -> None:
    await seed.seed(integration_db)
    await db_session.execute(delete(Product).where(Product.sku == "TEA-100"))
    mug = await db_session.scalar(select(Product).where(Product.sku == "MUG-RED"))
    assert mug is not None
    mug.name = "Mine"
    await db_session.commit()
    await seed.seed(integration_db)
    rows = (await db_session.execute(select(Product.sku, Product.name))).all()
    assert {("MUG-RED", "Mine"), ("TEA-100", "Green tea, 100 g")} <= {*rows}
    assert len(rows) == len(seed.PRODUCTS)
    assert len((await db_session.scalars(select(Order))).all()) == 1
