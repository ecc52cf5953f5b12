"""Accounts and refresh tokens."""

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import uuid4

import factory
from argon2 import PasswordHasher

from backend.accounts.models.customer import Customer, RefreshToken, Role
from backend.tests.factories.accounts.base import ModelFactory

PASSWORD = "correct horse battery"
"""The password of every customer that a factory makes."""


@cache
def hash_password() -> str:
    """Hash `PASSWORD` once, with argon2's minimum cost: the default takes 50 ms."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class CustomerFactory(ModelFactory[Customer]):
    """An active account."""

    class Meta:
        model = Customer

    class Params:
        admin = factory.Trait(role=Role.ADMIN)

    id = factory.LazyFunction(uuid4)
    email = factory.Sequence(lambda n: f"customer{n}@example.com")
    full_name = factory.Sequence(lambda n: f"Customer {n}")
    phone = None
    password_hash = factory.LazyFunction(hash_password)
    role = Role.CUSTOMER
    is_active = True


class RefreshTokenFactory(ModelFactory[RefreshToken]):
    """An issued, unused token."""

    class Meta:
        model = RefreshToken

    class Params:
        customer = factory.SubFactory(CustomerFactory)

    id = factory.LazyFunction(uuid4)
    family_id = factory.LazyFunction(uuid4)
    customer_id = factory.SelfAttribute("customer.id")
    expires_at = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=1))
    used_at = None
    revoked_at = None
