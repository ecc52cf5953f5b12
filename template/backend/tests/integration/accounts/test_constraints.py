"""Constraints of the database."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer, RefreshToken
from backend.tests.factories.accounts import CustomerFactory, RefreshTokenFactory


async def same_email_in_another_case(session: AsyncSession) -> None:
    await CustomerFactory.create(session, email="ann@example.com")
    await CustomerFactory.create(session, email="ANN@example.com")


async def role_that_is_none(session: AsyncSession) -> None:
    await CustomerFactory.create(session)
    await session.execute(text("UPDATE customer SET role = 'owner'"))


async def token_of_nobody(session: AsyncSession) -> None:
    values = {"family_id": uuid4(), "customer_id": uuid4(), "expires_at": datetime.now(UTC)}
    await session.execute(insert(RefreshToken).values(id=uuid4(), **values))


@pytest.mark.parametrize(
    ("attempt", "constraint"),
    [
        (same_email_in_another_case, "uq_customer_email_lower"),
        (role_that_is_none, "ck_customer_role"),
        (token_of_nobody, "fk_refresh_token_customer_id_customer"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_is_refused_by_name(
    attempt: Callable[[AsyncSession], Awaitable[None]], constraint: str, db_session: AsyncSession
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        await attempt(db_session)


@pytest.mark.parametrize(("column", "length"), [("email", 254), ("full_name", 120), ("phone", 32)])
async def test_a_text_longer_than_its_column_is_refused(
    column: str, length: int, db_session: AsyncSession
) -> None:
    await CustomerFactory.create(db_session, **{column: "x" * length})
    with pytest.raises(DBAPIError, match=rf"character varying\({length}\)"):
        await CustomerFactory.create(db_session, **{column: "y" * (length + 1)})


async def test_deleting_an_account_deletes_its_tokens(db_session: AsyncSession) -> None:
    gone, kept = await RefreshTokenFactory.create_batch(db_session, 2)
    await db_session.execute(delete(Customer).where(Customer.id == gone.customer_id))
    assert (await db_session.scalars(select(RefreshToken))).all() == [kept]
