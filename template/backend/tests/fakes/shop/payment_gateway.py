"""A payment gateway in memory."""

from backend.shop.adapters.payment_gateway import Charge, ChargeResult, GatewayUnavailableError


class FakePaymentGateway:
    """Approves each charge once per key by default.

    Attributes:
        asked: Every received charge, including repeated ones.
        decided: The decisions by idempotency key; set one to change it.
        failures: Raised one after another before any decision.
        lose_answers: Decide, then fail as if the answer was lost.
    """

    def __init__(self) -> None:
        """Create a working gateway."""
        self.asked: list[Charge] = []
        self.decided: dict[str, ChargeResult] = {}
        self.failures: list[GatewayUnavailableError] = []
        self.lose_answers = False

    async def charge(self, charge: Charge) -> ChargeResult:
        """Decide; the card `tok_declined` is declined."""
        self.asked.append(charge)
        if self.failures:
            raise self.failures.pop(0)
        if charge.card_token == "tok_declined":
            result = ChargeResult(reference="ref-0", approved=False, decline_reason="No money.")
        else:
            result = ChargeResult(reference=f"ref-{len(self.decided) + 1}", approved=True)
        decision = self.decided.setdefault(charge.idempotency_key, result)
        if self.lose_answers:
            raise GatewayUnavailableError(sent=True)
        return decision

    async def look_up(self, idempotency_key: str) -> ChargeResult | None:
        """Return the decision."""
        if self.failures:
            raise self.failures.pop(0)
        return self.decided.get(idempotency_key)
