"""Who is asking, and whether they may."""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated

from fastapi import Depends, Request
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


async def get_client_address(request: Request) -> str:
    """Return where a request comes from; of IPv6 the /64, since a client has a whole one.

    Behind a reverse proxy it is the proxy's, unless uvicorn is told to believe its headers.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:  # a socket's path, or nothing
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
    return host


ClientAddress = Annotated[str, Depends(get_client_address)]
CurrentCustomer = Annotated[Customer, Depends(get_current_customer)]
CurrentAdmin = Annotated[Customer, Depends(get_current_admin)]
