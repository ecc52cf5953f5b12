"""The command that makes the first admin."""

import httpx2
import pytest

from backend.accounts.make_admin import main
from backend.accounts.models.customer import Customer


async def test_an_account_becomes_an_admin(
    customer: Customer, authenticated_client: httpx2.AsyncClient
) -> None:
    assert (await authenticated_client.get("/api/v1/customers")).status_code == 403
    assert await main(customer.email.upper()) == f"{customer.email} is an admin."
    assert (await authenticated_client.get("/api/v1/customers")).status_code == 200


async def test_an_unknown_address_gets_instructions() -> None:
    with pytest.raises(LookupError, match=r"nobody@example\.com: POST /api/v1/auth/register"):
        await main("nobody@example.com")
