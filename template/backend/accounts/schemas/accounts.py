"""Accounts, login and tokens."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints

from backend.accounts.models.customer import Role
from backend.accounts.schemas.base import Input, Patch
from backend.core.schemas import Line, Output, Text

Email = Annotated[EmailStr, StringConstraints(max_length=254, to_lower=True)]
# Bounded, since argon2 hashes all of it. It may contain spaces, but not only spaces.
Password = Annotated[str, StringConstraints(min_length=10, max_length=128, pattern=r"\S")]
FullName = Annotated[Line, StringConstraints(max_length=120)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9 ()/-]{5,31}$")]


class RegisterIn(Input):
    """A new account."""

    email: Email
    password: Password
    full_name: FullName
    phone: Phone | None = None


class RegisteredOut(Output):
    """The address that can log in now, whether or not it was already registered."""

    email: str


class LoginIn(Input):
    """Credentials. Not validated further, so that all wrong ones get the same response."""

    email: Annotated[Text, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(max_length=128)]


class RefreshIn(Input):
    """A refresh token."""

    refresh_token: Annotated[str, StringConstraints(max_length=2048)]


class TokensOut(Output):
    """An access token for requests, and a single-use refresh token for new tokens."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # an authentication scheme
    expires_in: int = Field(description="Lifetime of the access token in seconds.")


class CustomerOut(Output):
    """An account, without its password."""

    id: UUID
    email: str
    full_name: str
    phone: str | None
    role: Role
    is_active: bool
    created_at: datetime
    updated_at: datetime


class ProfilePatch(Patch):
    """The fields that customers may change in their own account."""

    full_name: FullName = Field(default_factory=str)
    phone: Phone | None = None


class CustomerPatch(ProfilePatch):
    """The fields that admins may change in an account."""

    role: Role = Field(default_factory=lambda: Role.CUSTOMER)
    is_active: bool = Field(default_factory=bool)
