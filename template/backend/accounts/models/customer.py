"""Customers, who are also the accounts that log in, and their refresh tokens."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts.models.columns import Instant, choice
from backend.core.models import Base, Timestamps, UuidPrimaryKey


class Role(StrEnum):
    """What an account may do: `admin` also manages the catalogue, the customers and the jobs."""

    CUSTOMER = "customer"
    ADMIN = "admin"


class Customer(UuidPrimaryKey, Timestamps, Base):
    """An account. E-mail addresses are unique whatever their case."""

    __tablename__ = "customer"
    # An index on the expression, so that no code path can get in by another spelling.
    __table_args__ = (Index("uq_customer_email_lower", text("lower(email)"), unique=True),)

    email: Mapped[str] = mapped_column(String(254))
    full_name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(32))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(
        choice(Role, "role"), default=Role.CUSTOMER, server_default=Role.CUSTOMER.value
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())


class RefreshToken(UuidPrimaryKey, Timestamps, Base):
    """One refresh token that was given out; its id is the token's `jti`.

    Tokens that followed from one log-in share a `family_id`: when a used token comes back,
    someone has a copy, and the whole family is revoked.
    """

    __tablename__ = "refresh_token"

    family_id: Mapped[UUID] = mapped_column(index=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
