"""The payment gateway: what the shop asks of it, and how it can fail."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, Field

from backend.core.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be paid. The key makes repeating it safe."""

    idempotency_key: str
    order_id: UUID
    amount: Decimal
    card_token: str


class ChargeResult(BaseModel):
    """The gateway's decision."""

    reference: str = Field(max_length=80)
    approved: bool
    decline_reason: str | None = Field(default=None, max_length=200)


class GatewayFailure(StrEnum):
    """Why there is no decision."""

    UNREACHABLE = "unreachable"  # no connection
    TIMEOUT = "timeout"
    BROKEN = "broken"  # the connection ended in the middle
    RATE_LIMITED = "rate_limited"
    FAILING = "failing"  # a 5xx, or a status that says neither yes nor no
    MALFORMED = "malformed"
    REFUSED = "refused"  # it will never take this request
    CIRCUIT_OPEN = "circuit_open"  # it was not asked


class GatewayUnavailableError(UnavailableError):
    """The gateway gave no answer.

    `sent` tells whether the charge may have reached it; if not, nothing was charged for sure.
    """

    code = "payment_gateway_unavailable"
    message = "The payment gateway does not answer. Try again with the same Idempotency-Key."

    def __init__(
        self,
        failure: GatewayFailure = GatewayFailure.FAILING,
        *,
        sent: bool,
        retry_after: float = 1.0,
    ) -> None:
        super().__init__()
        self.failure = failure
        self.sent = sent
        self.headers = {"Retry-After": str(max(1, round(retry_after)))}


class PaymentGateway(Protocol):
    """Charges cards."""

    async def charge(self, charge: Charge) -> ChargeResult:
        """Charge a card, at most once per idempotency key.

        Raises:
            GatewayUnavailableError: Nobody knows, or nothing happened (see `sent`).
        """

    async def look_up(self, idempotency_key: str) -> ChargeResult | None:
        """Return what became of a charge, or None if the gateway never got it.

        Raises:
            GatewayUnavailableError: Nobody knows.
        """
