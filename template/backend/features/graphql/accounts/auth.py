"""Authentication with the same token as REST."""

from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.core.errors import AuthenticationError
from backend.features.graphql.context import OperationContext


async def get_customer(context: OperationContext) -> Customer:
    """Return the caller. Call it once per operation: `await info.context.once(get_customer)`.

    Raises:
        AuthenticationError: The token is missing or invalid.
    """
    token = context.connection.token
    if token is None:
        raise AuthenticationError
    accounts: AccountsContainer = context.app.state.accounts
    async with context.work(accounts.open_unit_of_work) as uow:
        return await accounts.accounts(uow).authenticate(token)
