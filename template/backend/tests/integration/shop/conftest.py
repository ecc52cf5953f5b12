"""The shop's tests: whoever is logged in meets a shop whose files go to the test's own folder."""

import pytest

from backend.accounts.services.container import AccountsContainer
from backend.shop.services.container import ShopContainer


@pytest.fixture
def accounts(accounts: AccountsContainer, shop: ShopContainer) -> AccountsContainer:
    """The running app's accounts, beside a shop that is prepared for tests."""
    return accounts
