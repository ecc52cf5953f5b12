"""The shop with fast password hashes, an approving gateway, an admin, and a report of figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.adapters.security import TokenKind
from backend.accounts.services.container import AccountsContainer
from backend.shop.adapters.media import DiskMediaStore
from backend.shop.domain import get_container
from backend.shop.services.catalogue import CatalogueSettings
from backend.shop.services.container import ShopContainer
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print figures at the end of the run: `report("12.5 ms  GET /")`, one line each."""

    def report(*lines: str) -> None:
        figures = request.config.stash.setdefault(FIGURES, [])
        figures += [f"{request.node.name}:", *(f"  {line}" for line in lines)]

    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    if figures := terminalreporter.config.stash.get(FIGURES, []):
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))


@pytest.fixture
def shop(app: FastAPI, client: httpx2.AsyncClient, media_root: Path) -> ShopContainer:
    """The running app's container, without a cache, so that the real work is measured."""
    shop = replace(
        get_container(app),
        media=DiskMediaStore(media_root),
        payment_gateway=FakePaymentGateway(),
        catalogue_settings=CatalogueSettings(catalogue_ttl=0),
    )
    app.state.shop = shop
    return shop


@pytest.fixture
async def admin_client(
    shop: ShopContainer,
    accounts: AccountsContainer,
    client: httpx2.AsyncClient,
    db_session: AsyncSession,
) -> httpx2.AsyncClient:
    """The client as an admin, who also buys."""
    admin = await CustomerFactory.create(db_session, admin=True)
    token = accounts.tokens.issue(TokenKind.ACCESS, subject=admin.id, token_id=uuid4())
    client.headers["Authorization"] = f"Bearer {token}"
    return client
