"""The payment gateway: an HTTP service of somebody else."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Protocol
from uuid import UUID

import httpx2
from pydantic import BaseModel, Field, SecretStr, ValidationError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from backend.core.circuit_breaker import CircuitBreaker, CircuitOpenError
from backend.core.errors import UnavailableError
from backend.core.settings import AppSettings


class PaymentSettings(AppSettings):
    """Where the gateway is, and how patient we are with it."""

    payment_gateway_url: str = "http://127.0.0.1:8081"
    payment_gateway_key: SecretStr = SecretStr("change-me-in-production-change-me")
    payment_connect_timeout: float = Field(default=2.0, gt=0, description="Seconds.")
    payment_read_timeout: float = Field(default=5.0, gt=0, description="Seconds.")
    payment_attempts: int = Field(default=3, ge=1)
    payment_backoff: float = Field(default=0.2, ge=0, description="Seconds, doubled each time.")
    payment_breaker_threshold: int = Field(default=5, ge=1)
    payment_breaker_reset: float = Field(default=30.0, gt=0, description="Seconds.")


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


class GatewayUnavailableError(UnavailableError):
    """The gateway gave no answer.

    `sent` tells whether the charge may have reached it; if not, nothing was charged for sure.
    """

    code = "payment_gateway_unavailable"
    message = "The payment gateway does not answer. Try again with the same Idempotency-Key."

    def __init__(self, *, sent: bool, retry_after: float = 1.0) -> None:
        super().__init__()
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


class _NotSentError(Exception):
    """No connection: the request never left."""


class _NoAnswerError(Exception):
    """The request may have arrived: a time-out, a broken connection, a 5xx or nonsense."""


class _RefusedError(Exception):
    """The gateway understood, and will never take this request: our fault, so no retry."""


_TRY_AGAIN = {
    httpx2.codes.REQUEST_TIMEOUT,
    httpx2.codes.CONFLICT,  # the same key is being worked on
    httpx2.codes.TOO_EARLY,
    httpx2.codes.TOO_MANY_REQUESTS,
}


class HttpPaymentGateway:
    """The gateway over HTTP, with time limits, retries and a circuit breaker.

    Every failure here is safe to repeat, because the gateway knows the idempotency key.
    """

    _FAILURES: ClassVar = (_NotSentError, _NoAnswerError)

    def __init__(
        self,
        client: httpx2.AsyncClient,
        settings: PaymentSettings,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Use a client whose base URL, key and time limits `make_client` has set."""
        self._client = client
        self._attempts = settings.payment_attempts
        self._backoff = settings.payment_backoff
        self.breaker = breaker or CircuitBreaker(
            failures=self._FAILURES,
            threshold=settings.payment_breaker_threshold,
            reset_after=settings.payment_breaker_reset,
        )

    async def charge(self, charge: Charge) -> ChargeResult:
        """Charge a card."""
        request = self._client.build_request(
            "POST",
            "/charges",
            headers={"Idempotency-Key": charge.idempotency_key},
            json={
                "order_id": str(charge.order_id),
                "amount": str(charge.amount),
                "card_token": charge.card_token,
            },
        )
        result = await self._send(request)
        if result is None:  # nobody is there to take charges: nothing was charged
            raise GatewayUnavailableError(sent=False)
        return result

    async def look_up(self, idempotency_key: str) -> ChargeResult | None:
        """Ask what became of a charge."""
        request = self._client.build_request(
            "GET", "/charges", params={"idempotency_key": idempotency_key}
        )
        return await self._send(request)

    async def _send(self, request: httpx2.Request) -> ChargeResult | None:
        sent = False
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._attempts),
                wait=wait_random_exponential(multiplier=self._backoff, max=2.0),
                retry=retry_if_exception_type(self._FAILURES),
                reraise=True,
            ):
                with attempt:
                    try:
                        async with self.breaker.guard():
                            return await self._send_once(request)
                    except _NoAnswerError:
                        sent = True
                        raise
        except CircuitOpenError as error:
            raise GatewayUnavailableError(sent=sent, retry_after=error.retry_after) from error
        except (*self._FAILURES, _RefusedError) as error:
            raise GatewayUnavailableError(sent=sent) from error
        raise AssertionError("tenacity returns or raises")

    async def _send_once(self, request: httpx2.Request) -> ChargeResult | None:
        try:
            response = await self._client.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise _NotSentError from error
        except httpx2.TransportError as error:
            raise _NoAnswerError from error
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        if response.is_client_error and response.status_code not in {
            httpx2.codes.PAYMENT_REQUIRED,
            *_TRY_AGAIN,
        }:
            raise _RefusedError(f"The gateway said {response.status_code}.")
        if response.status_code not in {httpx2.codes.OK, httpx2.codes.PAYMENT_REQUIRED}:
            raise _NoAnswerError(f"The gateway said {response.status_code}.")
        try:
            return ChargeResult.model_validate_json(response.content)
        except ValidationError as error:
            raise _NoAnswerError("The gateway's answer makes no sense.") from error


def make_client(
    settings: PaymentSettings, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Make the HTTP client for the gateway. Whoever makes it closes it."""
    url = settings.payment_gateway_url
    return httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {settings.payment_gateway_key.get_secret_value()}"},
        timeout=httpx2.Timeout(
            settings.payment_read_timeout, connect=settings.payment_connect_timeout
        ),
        transport=transport,
        # A TLS context costs milliseconds; a plain address needs none. Proxies are not for money.
        verify=url.startswith("https://"),
        trust_env=False,
    )
