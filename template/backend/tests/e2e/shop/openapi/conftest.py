"""A shop with one row of each kind, so that test cases find existing ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from schemathesis import GenerationMode
from sqlalchemy.ext.asyncio import AsyncSession

from backend.main import create_app
from backend.shop.adapters.media import DiskMediaStore
from backend.tests.e2e.shop.openapi.fuzzing import Operation, make_operations
from backend.tests.factories.shop import OrderFactory, OutboxEventFactory, ProductImageFactory


@pytest.fixture(scope="session")
def operations() -> Mapping[str, Operation]:
    """The API's operations by label."""
    operations = make_operations(create_app().openapi())
    # Schemathesis's imports at its first case would exceed one test's time limit.
    next(iter(operations.values())).as_strategy(GenerationMode.POSITIVE)
    return operations


@pytest.fixture
async def existing(
    db_session: AsyncSession, media_folder: Path, gateway_server: HTTPServer
) -> Mapping[str, str]:
    """Path parameters of existing rows, by name. The payment gateway approves."""
    name = await DiskMediaStore(media_folder).save(b"\x89PNG\r\n\x1a\n", ".png")
    image = await ProductImageFactory.create(db_session, name=name)
    order = await OrderFactory.create(db_session)
    event = await OutboxEventFactory.create(db_session, dead=True)
    return {
        "customer_id": str(order.customer_id),
        "event_id": str(event.id),
        "image_id": str(image.id),
        "name": image.name,
        "order_id": str(order.id),
        "product_id": str(image.product_id),
    }
