"""The shop's clients. Passwords are hashed quickly, and files go to the test's own folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.media import DiskMediaStore
from backend.core.security import Passwords, TokenKind
from backend.models.customer import Customer
from backend.services.shop import Shop
from backend.tests.factories import CustomerFactory
from backend.tests.fakes.shop import AUTH
from backend.tests.fixtures.application import BASE_URL

LogIn = Callable[[Customer], httpx2.AsyncClient]


@pytest.fixture
def shop(app: FastAPI, client: httpx2.AsyncClient, media_root: Path) -> Shop:
    """The running app's parts; `app.state.shop = replace(shop, …)` exchanges one."""
    shop: Shop = app.state.shop
    shop = replace(shop, passwords=Passwords(AUTH), media=DiskMediaStore(media_root))
    app.state.shop = shop
    return shop


@pytest.fixture
def log_in(app: FastAPI, shop: Shop) -> LogIn:
    """Makes the client of a customer, with an access token: `log_in(customer)`."""

    def log_in(customer: Customer) -> httpx2.AsyncClient:
        token = shop.tokens.issue(TokenKind.ACCESS, subject=customer.id, token_id=uuid4())
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
            base_url=BASE_URL,
            headers={"Authorization": f"Bearer {token}"},
        )

    return log_in


@pytest.fixture
async def customer(db_session: AsyncSession) -> Customer:
    """The account of `authenticated_client`."""
    return await CustomerFactory.create(db_session)


@pytest.fixture
def authenticated_client(log_in: LogIn, customer: Customer) -> httpx2.AsyncClient:
    """The client of `customer`."""
    return log_in(customer)


@pytest.fixture
def api_client(authenticated_client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The same as `authenticated_client`."""
    return authenticated_client


@pytest.fixture
async def admin(db_session: AsyncSession) -> Customer:
    """The account of `admin_client`."""
    return await CustomerFactory.create(db_session, admin=True)


@pytest.fixture
def admin_client(log_in: LogIn, admin: Customer) -> httpx2.AsyncClient:
    """The client of an admin."""
    return log_in(admin)
