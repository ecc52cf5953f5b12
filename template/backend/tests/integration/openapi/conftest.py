"""A shop with one row of everything, so that the cases find what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fastapi import FastAPI
from schemathesis import GenerationMode
from sqlalchemy.ext.asyncio import AsyncSession

from backend.main import create_app
from backend.models.customer import Customer
from backend.services.shop import Shop
from backend.tests.factories import OrderFactory, OutboxEventFactory, ProductImageFactory
from backend.tests.fakes.gateway import FakePaymentGateway
from backend.tests.integration.openapi.fuzzing import Operation, make_operations


@pytest.fixture(scope="session")
def operations() -> Mapping[str, Operation]:
    """The API's operations by label."""
    operations = make_operations(create_app().openapi())
    # Schemathesis imports half of itself at its first case: too long for one test's time limit.
    next(iter(operations.values())).as_strategy(GenerationMode.POSITIVE)
    return operations


@pytest.fixture
async def existing(
    session: AsyncSession, app: FastAPI, shop: Shop, admin: Customer
) -> Mapping[str, str]:
    """Path parameters of rows that exist, by name. The payment gateway is a fake, and willing."""
    app.state.shop = replace(shop, gateway=FakePaymentGateway())
    name = await shop.media.save(b"\x89PNG\r\n\x1a\n", ".png")
    image = await ProductImageFactory.create(session, name=name)
    order = await OrderFactory.create(session, customer=admin)
    event = await OutboxEventFactory.create(session, dead=True)
    await session.commit()
    return {
        "customer_id": str(order.customer_id),
        "event_id": str(event.id),
        "image_id": str(image.id),
        "name": image.name,
        "order_id": str(order.id),
        "product_id": str(image.product_id),
    }
