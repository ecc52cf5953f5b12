"""The shop that these tests meet: its files go to the test's own folder."""

from dataclasses import replace

import pytest
from fastapi import FastAPI

from backend.accounts.services.container import AccountsContainer
from backend.shop.services.container import ShopContainer
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway


@pytest.fixture
def gateway(app: FastAPI, shop: ShopContainer) -> FakePaymentGateway:
    """The gateway of the running app; a real one is asked in e2e tests."""
    gateway = FakePaymentGateway()
    app.state.shop = replace(shop, payment_gateway=gateway)
    return gateway


@pytest.fixture
def accounts(accounts: AccountsContainer, gateway: FakePaymentGateway) -> AccountsContainer:
    """The running app's accounts, beside a shop that is prepared for tests."""
    return accounts
