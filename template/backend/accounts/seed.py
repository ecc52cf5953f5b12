"""Accounts for development: an admin and a customer. See `backend/seed.py`."""

from backend.accounts.adapters.security import AuthSettings, PasswordHasher
from backend.accounts.models.customer import Customer, Role
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.database import Database
from backend.core.settings import load_settings
from backend.core.unit_of_work import make_factory

ADMIN, CUSTOMER = "admin@example.com", "customer@example.com"
PHRASE = "for development only"
"""The password of both. It is public, so production refuses sample rows."""


async def seed(database: Database) -> str:
    """Add the accounts that are missing."""
    passwords = PasswordHasher(load_settings(AuthSettings))
    async with make_factory(database, AccountsUnitOfWork)() as work:
        for email, role in ((ADMIN, Role.ADMIN), (CUSTOMER, Role.CUSTOMER)):
            if await work.customers.find_by_email(email) is None:
                password_hash = await passwords.hash(PHRASE)
                name = f"Sample {role}"
                await work.customers.add(
                    Customer(email=email, full_name=name, password_hash=password_hash, role=role)
                )
        await work.commit()
    return f"Accounts: {ADMIN} and {CUSTOMER}, password: {PHRASE}"
