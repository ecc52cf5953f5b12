"""Customers, who are also the accounts that log in, and their refresh tokens."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts.models.columns import Instant, choice
from backend.core.models import Base, Timestamps, UuidPrimaryKey


class Role(StrEnum):
    """What an account may do: an `admin` also manages the catalogue, customers and jobs."""

    CUSTOMER = "customer"
    ADMIN = "admin"


class Customer(UuidPrimaryKey, Timestamps, Base):
    """An account. E-mail addresses are unique regardless of case."""

    __tablename__ = "customer"
    # An index on the expression enforces this for every writer.
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
    """An issued refresh token; its id is the token's `jti`.

    Tokens of one login share a `family_id`: if a used token is presented again, it was
    copied, and the whole family is revoked.
    """

    __tablename__ = "refresh_token"

    family_id: Mapped[UUID] = mapped_column(index=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
