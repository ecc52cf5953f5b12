"""Queries for customers and their refresh tokens."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from backend.accounts.models.customer import Customer, RefreshToken
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.errors import ConflictError
from backend.tests.factories.accounts import CustomerFactory, RefreshTokenFactory

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def add_customer(uow: AccountsUnitOfWork, **values: object) -> Customer:
    customer = CustomerFactory.build(**values)
    await uow.customers.add(customer)
    return customer


async def add_token(uow: AccountsUnitOfWork, customer: Customer, **values: object) -> RefreshToken:
    token = RefreshTokenFactory.build(customer=customer, **values)
    await uow.refresh_tokens.add(token)
    return token


class TestCustomers:
    async def test_one_is_found_by_id_and_by_address_in_any_case(
        self, uow: AccountsUnitOfWork
    ) -> None:
        customer = await add_customer(uow, email="Ada@Example.com")
        assert await uow.customers.get(customer.id) is customer
        assert await uow.customers.find_by_email("aDA@eXAMPLE.COM") is customer

    async def test_an_unknown_customer_is_none(self, uow: AccountsUnitOfWork) -> None:
        assert await uow.customers.get(uuid4()) is None
        assert await uow.customers.find_by_email("nobody@example.com") is None

    async def test_an_address_is_unique_regardless_of_case(self, uow: AccountsUnitOfWork) -> None:
        await add_customer(uow, email="ada@example.com")
        with pytest.raises(ConflictError):
            await add_customer(uow, email="ADA@example.com")

    async def test_a_conflict_leaves_the_unit_of_work_usable(self, uow: AccountsUnitOfWork) -> None:
        first = await add_customer(uow, email="ada@example.com")
        with pytest.raises(ConflictError):
            await add_customer(uow, email="ada@example.com")
        second = await add_customer(uow)
        assert {c.id for c in (await uow.customers.list()).items} == {first.id, second.id}

    async def test_they_are_filtered_by_activity(self, uow: AccountsUnitOfWork) -> None:
        active = await add_customer(uow)
        inactive = await add_customer(uow, is_active=False)
        assert (await uow.customers.list(is_active=True)).items == [active]
        assert (await uow.customers.list(is_active=False)).items == [inactive]
        assert len((await uow.customers.list()).items) == 2

    async def test_changes_are_written(self, uow: AccountsUnitOfWork) -> None:
        customer = await add_customer(uow)
        customer.full_name = "Somebody Else"
        await uow.customers.flush(customer)
        found = await uow.customers.get(customer.id)
        assert found is not None
        assert found.full_name == "Somebody Else"


class TestRefreshTokens:
    async def test_a_token_is_found_by_its_id(self, uow: AccountsUnitOfWork) -> None:
        token = await add_token(uow, await add_customer(uow))
        assert await uow.refresh_tokens.lock(token.id) is token
        assert await uow.refresh_tokens.lock(uuid4()) is None

    async def test_a_family_is_revoked_and_no_other(self, uow: AccountsUnitOfWork) -> None:
        customer, family = await add_customer(uow), uuid4()
        relatives = [await add_token(uow, customer, family_id=family) for _ in range(2)]
        stranger = await add_token(uow, customer)
        await uow.refresh_tokens.revoke_family(family, NOW)
        assert [await self.is_revoked(uow, token) for token in relatives] == [True, True]
        assert not await self.is_revoked(uow, stranger)

    async def test_all_tokens_of_a_customer_are_revoked_and_of_no_other(
        self, uow: AccountsUnitOfWork
    ) -> None:
        customer = await add_customer(uow)
        mine = [await add_token(uow, customer) for _ in range(2)]
        others = await add_token(uow, await add_customer(uow))
        await uow.refresh_tokens.revoke_all(customer.id, NOW)
        assert [await self.is_revoked(uow, token) for token in mine] == [True, True]
        assert not await self.is_revoked(uow, others)

    async def test_expired_tokens_are_deleted(self, uow: AccountsUnitOfWork) -> None:
        customer = await add_customer(uow)
        old = await add_token(uow, customer, expires_at=NOW - timedelta(seconds=1))
        good = await add_token(uow, customer, expires_at=NOW)
        assert await uow.refresh_tokens.delete_expired(NOW) == 1
        assert await uow.refresh_tokens.lock(old.id) is None
        assert await uow.refresh_tokens.lock(good.id) is not None

    @staticmethod
    async def is_revoked(uow: AccountsUnitOfWork, token: RefreshToken) -> bool:
        found = await uow.refresh_tokens.lock(token.id)
        assert found is not None
        return found.revoked_at is not None
