"""Who is asking, by the token that REST takes."""

from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.core.errors import AuthenticationError
from backend.features.graphql.context import OperationContext


async def get_customer(context: OperationContext) -> Customer:
    """Return whose access token came. Asked once: `await info.context.once(get_customer)`.

    Raises:
        AuthenticationError: None came, or it is no good.
    """
    token = context.connection.token
    if token is None:
        raise AuthenticationError
    accounts: AccountsContainer = context.app.state.accounts
    async with context.work(accounts.open_unit_of_work) as uow:
        return await accounts.accounts(uow).authenticate(token)
