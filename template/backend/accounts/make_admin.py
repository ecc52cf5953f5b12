"""Make an account an admin: `uv run python -m backend.accounts.make_admin EMAIL`.

Registration never creates an admin, so this command makes the first one.
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
    """Give the admin role to the account with this address.

    Returns:
        The message to print.

    Raises:
        LookupError: There is no such account; the message says what to do.
    """
    async with make_factory(database, AccountsUnitOfWork)() as work:
        customer = await work.customers.find_by_email(email)
        if customer is None:
            raise LookupError(
                f"There is no account for {email}: POST /api/v1/auth/register first, "
                "then run this again."
            )
        customer.role = Role.ADMIN
        await work.commit()
    return f"{customer.email} is an admin."


async def main(email: str) -> str:
    """Run the command on the configured database."""
    database = Database(load_settings(Settings))
    try:
        return await make_admin(database, email)
    finally:
        await database.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m backend.accounts.make_admin", description=__doc__
    )
    parser.add_argument("email", metavar="EMAIL", help="the account's e-mail address")
    try:
        print(asyncio.run(main(parser.parse_args().email)))
    except LookupError as error:
        sys.exit(str(error))
