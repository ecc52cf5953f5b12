"""Make an account an admin: `uv run python -m backend.accounts.make_admin EMAIL`.

Nobody can register as an admin, so the first one comes from here.
"""

import argparse
import asyncio
import sys

from backend.accounts.models.customer import Role
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.database import Database
from backend.core.settings import Settings, load_settings
from backend.core.unit_of_work import make_factory


async def make_admin(database: Database, email: str) -> str:
    """Give the admin's role to the account with this address.

    Returns:
        The sentence for the person who asked.

    Raises:
        LookupError: Nobody has registered with this address; the message says what to do.
    """
    async with make_factory(database, AccountsUnitOfWork)() as work:
        customer = await work.customers.find_by_email(email)
        if customer is None:
            raise LookupError(
                f"Nobody has registered as {email}: POST /api/v1/auth/register first, "
                "then run this again."
            )
        customer.role = Role.ADMIN
        await work.commit()
    return f"{customer.email} is an admin."


async def main(email: str) -> str:
    """Do it in the database of the settings."""
    database = Database(load_settings(Settings))
    try:
        return await make_admin(database, email)
    finally:
        await database.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m backend.accounts.make_admin", description=__doc__
    )
    parser.add_argument(
        "email", metavar="EMAIL", help="the address that the account was registered with"
    )
    try:
        print(asyncio.run(main(parser.parse_args().email)))
    except LookupError as error:
        sys.exit(str(error))
