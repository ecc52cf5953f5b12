"""The shop with quick passwords, a gateway that approves, and an admin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.media import DiskMediaStore
from backend.core.security import Passwords, TokenKind
from backend.features.shop import get_shop
from backend.services.catalogue import CatalogueSettings
from backend.services.shop import Shop
from backend.tests.factories import CustomerFactory
from backend.tests.fakes.gateway import FakePaymentGateway
from backend.tests.fakes.shop import AUTH


@pytest.fixture
def shop(app: FastAPI, client: httpx2.AsyncClient, media_root: Path) -> Shop:
    """The running app's parts, without a cache: what is measured is the work."""
    shop = replace(
        get_shop(app),
        passwords=Passwords(AUTH),
        media=DiskMediaStore(media_root),
        gateway=FakePaymentGateway(),
        catalogue_settings=CatalogueSettings(catalogue_ttl=0),
    )
    app.state.shop = shop
    return shop


@pytest.fixture
async def admin_client(
    shop: Shop, client: httpx2.AsyncClient, db_session: AsyncSession
) -> httpx2.AsyncClient:
    """The client, as an admin, who also buys."""
    admin = await CustomerFactory.create(db_session, admin=True)
    token = shop.tokens.issue(TokenKind.ACCESS, subject=admin.id, token_id=uuid4())
    client.headers["Authorization"] = f"Bearer {token}"
    return client
