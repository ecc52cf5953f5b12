"""Products and an order for development. See `backend/seed.py`."""

from contextlib import suppress
from decimal import Decimal

from backend.accounts import seed as accounts
from backend.core.database import Database
from backend.core.errors import ConflictError
from backend.core.unit_of_work import make_factory
from backend.shop.models.product import Product
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.orders import OrderItem, OrderService

PRODUCTS = {
    "MUG-BLUE": ("Blue mug", "12.50", 40),
    "MUG-RED": ("Red mug", "12.50", 0),
    "POT-1L": ("Tea pot, 1 l", "39.00", 7),
    "TEA-100": ("Green tea, 100 g", "6.90", 250),
}
"""Name, price and stock by SKU."""


async def seed(database: Database) -> str:
    """Add missing products and, with the first ones, an order of the customer."""
    await accounts.seed(database)
    async with make_factory(database, ShopUnitOfWork)() as work:
        added = []
        for sku, (name, price, stock) in PRODUCTS.items():
            with suppress(ConflictError):
                product = Product(sku=sku, name=name, price=Decimal(price), stock=stock)
                await work.products.add(product)
                added.append(product)
        customer = await work.customers.find_by_email(accounts.CUSTOMER)
        if len(added) == len(PRODUCTS) and customer is not None:
            await OrderService(work).place(customer, [OrderItem(added[0].id, 2)])
        await work.commit()
    return f"Products: {', '.join(PRODUCTS)}, and an order of {accounts.CUSTOMER}"
