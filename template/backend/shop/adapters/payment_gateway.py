"""The interface of the payment gateway, and its failures."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, Field

from backend.core.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge to make. The idempotency key makes retries safe."""

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
    BROKEN = "broken"  # the connection was lost
    RATE_LIMITED = "rate_limited"
    FAILING = "failing"  # a 5xx, or a status that says neither yes nor no
    MALFORMED = "malformed"
    REFUSED = "refused"  # the request is invalid
    CIRCUIT_OPEN = "circuit_open"  # no request was sent


class GatewayUnavailableError(UnavailableError):
    """The gateway did not answer.

    `sent`: the request may have reached it. If not, nothing was charged.
    """

    code = "payment_gateway_unavailable"
    message = "The payment gateway did not answer. Retry with the same Idempotency-Key."

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
            GatewayUnavailableError: The outcome is unknown, or nothing was charged (see `sent`).
        """

    async def look_up(self, idempotency_key: str) -> ChargeResult | None:
        """Return the outcome of a charge, or None if the gateway never received it.

        Raises:
            GatewayUnavailableError: The outcome is unknown.
        """
