"""Accounts in the schema."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from backend.accounts.models.customer import Customer, Role
from backend.features.graphql.accounts.auth import get_customer
from backend.features.graphql.context import Info

strawberry.enum(Role, name="Role", description="What an account may do.")


@strawberry.type
class Account:
    """The caller's account."""

    id: UUID
    email: str
    full_name: str
    phone: str | None
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, customer: Customer) -> Self:
        """Convert a customer."""
        return cls(
            id=customer.id,
            email=customer.email,
            full_name=customer.full_name,
            phone=customer.phone,
            role=customer.role,
            created_at=customer.created_at,
        )


@strawberry.type
class AccountsQuery:
    """Queries about accounts."""

    @strawberry.field
    async def me(self, info: Info) -> Account:
        """The account that the request's token belongs to."""
        return Account.of(await info.context.once(get_customer))
