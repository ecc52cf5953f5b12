"""Orders and payments."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from backend.accounts.schemas.base import Input
from backend.core.schemas import Output
from backend.shop.models.order import OrderStatus
from backend.shop.models.payment import PaymentStatus


class OrderLineIn(Input):
    """A product and its quantity."""

    product_id: UUID
    quantity: Annotated[int, Field(ge=1, le=1000)]


class OrderIn(Input):
    """A new order."""

    lines: Annotated[list[OrderLineIn], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _refuse_repetition(self) -> Self:
        if len({line.product_id for line in self.lines}) < len(self.lines):
            raise ValueError("each product may appear in one line only")
        return self


class OrderLineOut(Output):
    """A line of an order, at the price when ordered."""

    product_id: UUID
    quantity: int
    unit_price: Decimal


class OrderOut(Output):
    """An order."""

    id: UUID
    customer_id: UUID
    status: OrderStatus
    total: Decimal
    lines: list[OrderLineOut]
    paid_at: datetime | None
    created_at: datetime
    updated_at: datetime


IdempotencyKey = Annotated[
    str, StringConstraints(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9_.:-]+$")
]


class PaymentIn(Input):
    """The gateway's token for a card, never a card number."""

    card_token: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")
    ]


class PaymentOut(Output):
    """A payment; `declined` is a result, not an error."""

    id: UUID
    order_id: UUID
    amount: Decimal
    status: PaymentStatus
    decline_reason: str | None
    created_at: datetime
