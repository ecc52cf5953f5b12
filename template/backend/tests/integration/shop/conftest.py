"""Logged-in clients use a shop with its files in the test's folder."""

import pytest

from backend.accounts.services.container import AccountsContainer
from backend.shop.services.container import ShopContainer


@pytest.fixture
def accounts(accounts: AccountsContainer, shop: ShopContainer) -> AccountsContainer:
    """The running app's accounts, with the shop prepared for tests."""
    return accounts
