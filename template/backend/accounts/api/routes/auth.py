"""Registration, login, token refresh and logout."""

from fastapi import APIRouter, status

from backend.accounts.api.auth import ClientAddress, CurrentCustomer
from backend.accounts.api.services import Accounts
from backend.accounts.models.customer import Customer
from backend.accounts.schemas.accounts import (
    CustomerOut,
    LoginIn,
    ProfilePatch,
    RefreshIn,
    RegisteredOut,
    RegisterIn,
    TokensOut,
)
from backend.accounts.services.accounts import TokenPair
from backend.core.api.router import PUBLIC

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post(
    "/register",
    openapi_extra=PUBLIC,
    status_code=status.HTTP_202_ACCEPTED,
    response_model=RegisteredOut,
)
async def register(body: RegisterIn, accounts: Accounts) -> RegisterIn:
    """Register an account; the response is the same if the address already has one."""
    await accounts.register(**body.model_dump())
    return body


@router.post("/login", openapi_extra=PUBLIC, response_model=TokensOut)
async def log_in(body: LoginIn, accounts: Accounts, client: ClientAddress) -> TokenPair:
    """Log in with a password and get tokens."""
    return await accounts.log_in(email=body.email, password=body.password, client=client)


@router.post("/refresh", openapi_extra=PUBLIC, response_model=TokensOut)
async def refresh(body: RefreshIn, accounts: Accounts) -> TokenPair:
    """Exchange a refresh token, which can be used once, for new tokens."""
    return await accounts.refresh(body.refresh_token)


@router.post("/logout", openapi_extra=PUBLIC, status_code=status.HTTP_204_NO_CONTENT)
async def log_out(body: RefreshIn, accounts: Accounts) -> None:
    """Revoke a refresh token and all tokens of the same login."""
    await accounts.log_out(body.refresh_token)


@router.get("/me", response_model=CustomerOut)
async def read_me(customer: CurrentCustomer) -> Customer:
    """Read your own account."""
    return customer


@router.patch("/me", response_model=CustomerOut)
async def change_me(body: ProfilePatch, customer: CurrentCustomer, accounts: Accounts) -> Customer:
    """Update fields of your own account."""
    return await accounts.change_profile(customer, body.changes())
