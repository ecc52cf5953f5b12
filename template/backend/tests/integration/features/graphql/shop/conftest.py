"""The running shop, with its files in the test's folder."""

from dataclasses import replace

import pytest
from fastapi import FastAPI

from backend.accounts.services.container import AccountsContainer
from backend.shop.services.container import ShopContainer
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway


@pytest.fixture
def gateway(app: FastAPI, shop: ShopContainer) -> FakePaymentGateway:
    """The running app's fake gateway; e2e tests use a real server."""
    gateway = FakePaymentGateway()
    app.state.shop = replace(shop, payment_gateway=gateway)
    return gateway


@pytest.fixture
def accounts(accounts: AccountsContainer, gateway: FakePaymentGateway) -> AccountsContainer:
    """The running app's accounts, with the shop prepared for tests."""
    return accounts
