"""Who is asking, and whether they may."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.accounts.api.services import Accounts
from backend.accounts.models.customer import Customer, Role
from backend.core.errors import AuthenticationError, PermissionDeniedError

# The application's own error has the one shape; the class's would not.
_bearer = HTTPBearer(auto_error=False, description="The access token of a log-in.")


async def get_current_customer(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    accounts: Accounts,
) -> Customer:
    """Return whose access token came with the request.

    Raises:
        AuthenticationError: None came, or it is no good.
    """
    if credentials is None:
        raise AuthenticationError
    return await accounts.authenticate(credentials.credentials)


async def get_current_admin(
    customer: Annotated[Customer, Depends(get_current_customer)],
) -> Customer:
    """Return who is asking, if it is an admin.

    Raises:
        PermissionDeniedError: It is somebody else.
    """
    if customer.role is not Role.ADMIN:
        raise PermissionDeniedError("Only admins may do this.")
    return customer


CurrentCustomer = Annotated[Customer, Depends(get_current_customer)]
CurrentAdmin = Annotated[Customer, Depends(get_current_admin)]
