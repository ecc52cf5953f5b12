"""Authentication and authorization as dependencies."""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.accounts.api.services import Accounts
from backend.accounts.models.customer import Customer, Role
from backend.core.errors import AuthenticationError, PermissionDeniedError

# `get_current_customer` raises the application's error, which has the common format.
_bearer = HTTPBearer(auto_error=False, description="The access token from a login.")


async def get_current_customer(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    accounts: Accounts,
) -> Customer:
    """Return the customer whose access token the request carries.

    Raises:
        AuthenticationError: The token is missing or invalid.
    """
    if credentials is None:
        raise AuthenticationError
    return await accounts.authenticate(credentials.credentials)


async def get_current_admin(
    customer: Annotated[Customer, Depends(get_current_customer)],
) -> Customer:
    """Return the caller, who must be an admin.

    Raises:
        PermissionDeniedError: The caller is not an admin.
    """
    if customer.role is not Role.ADMIN:
        raise PermissionDeniedError("Only admins may do this.")
    return customer


async def get_client_address(request: Request) -> str:
    """Return the client's address; for IPv6 its /64 network, which one client usually owns.

    Behind a reverse proxy it is the proxy's, unless uvicorn is told to trust its headers.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:  # a Unix socket's path, or empty
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
    return host


ClientAddress = Annotated[str, Depends(get_client_address)]
CurrentCustomer = Annotated[Customer, Depends(get_current_customer)]
CurrentAdmin = Annotated[Customer, Depends(get_current_admin)]
