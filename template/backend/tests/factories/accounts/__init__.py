"""Rows of accounts.

| factory | creates | sub-factories |
|---|---|---|
| `CustomerFactory` | an account whose password is `PASSWORD`; `admin=True` for an admin | |
| `RefreshTokenFactory` | a refresh token | customer |
"""

from backend.tests.factories.accounts.customers import (
    PASSWORD,
    CustomerFactory,
    RefreshTokenFactory,
)

__all__ = ["PASSWORD", "CustomerFactory", "RefreshTokenFactory"]
