"""The payment gateway over HTTP, an external service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

import httpx2
import structlog
from pydantic import Field, SecretStr, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from backend.core.circuit_breaker import CircuitBreaker, CircuitOpenError
from backend.core.settings import AppSettings
from backend.shop.adapters.payment_gateway import (
    Charge,
    ChargeResult,
    GatewayFailure,
    GatewayUnavailableError,
)

logger = structlog.stdlib.get_logger(__name__)


class PaymentSettings(AppSettings):
    """The gateway's address, and limits for its answers."""

    payment_gateway_url: str = "http://127.0.0.1:8081"
    payment_gateway_key: SecretStr = SecretStr("change-me-in-production-change-me")
    payment_connect_timeout: float = Field(default=2.0, gt=0, description="Seconds.")
    payment_read_timeout: float = Field(default=5.0, gt=0, description="Seconds.")
    payment_attempts: int = Field(default=3, ge=1)
    payment_backoff: float = Field(default=0.2, ge=0, description="Seconds, doubled each time.")
    payment_breaker_threshold: int = Field(default=5, ge=1)
    payment_breaker_reset: float = Field(default=30.0, gt=0, description="Seconds.")


class _NoDecisionError(Exception):
    """A request ended without a decision; `sent`: the gateway may have charged."""

    def __init__(
        self, failure: GatewayFailure, *, sent: bool = True, retry_after: float = 0.0
    ) -> None:
        super().__init__(failure)
        self.failure = failure
        self.sent = sent
        self.retry_after = retry_after


class _PassingError(_NoDecisionError):
    """A transient failure: the same request is retried."""


class _RefusedError(_NoDecisionError):
    """The gateway rejected the request for good: our error, so no retry."""


_PASSING = {
    httpx2.codes.REQUEST_TIMEOUT,
    httpx2.codes.CONFLICT,  # a request with the same key is in progress
    httpx2.codes.TOO_EARLY,
    httpx2.codes.TOO_MANY_REQUESTS,
}
_LONGEST_WAIT = 2.0
"""Maximum seconds between two attempts. A longer `Retry-After` means no retry."""


class HttpPaymentGateway:
    """The gateway over HTTP, with time-outs, retries and a circuit breaker.

    Every request is safe to retry because of its idempotency key.
    """

    _FAILURES: ClassVar = (_PassingError,)

    def __init__(
        self,
        client: httpx2.AsyncClient,
        settings: PaymentSettings,
        breaker: CircuitBreaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Use a client created by `make_client`."""
        self._client = client
        self._sleep = sleep
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
        if result is None:  # the connection failed, so nothing was charged
            raise GatewayUnavailableError(sent=False)
        return result

    async def look_up(self, idempotency_key: str) -> ChargeResult | None:
        """Query the outcome of a charge."""
        request = self._client.build_request(
            "GET", "/charges", params={"idempotency_key": idempotency_key}
        )
        return await self._send(request)

    async def _send(self, request: httpx2.Request) -> ChargeResult | None:
        sent = False
        try:
            async for attempt in AsyncRetrying(
                stop=self._gives_up,
                wait=self._wait,
                retry=retry_if_exception_type(self._FAILURES),
                sleep=self._sleep,
                reraise=True,
            ):
                with attempt:
                    try:
                        async with self.breaker.guard():
                            return await self._send_once(request)
                    except _NoDecisionError as error:
                        sent = sent or error.sent
                        raise
        except CircuitOpenError as error:
            raise _give_up(GatewayFailure.CIRCUIT_OPEN, sent, error.retry_after) from error
        except _NoDecisionError as error:
            raise _give_up(error.failure, sent, error.retry_after) from error
        raise AssertionError("tenacity returns or raises")

    def _gives_up(self, state: RetryCallState) -> bool:
        return state.attempt_number >= self._attempts or _asked_to_wait(state) > _LONGEST_WAIT

    def _wait(self, state: RetryCallState) -> float:
        backoff = wait_random_exponential(multiplier=self._backoff, max=_LONGEST_WAIT)
        return max(backoff(state), _asked_to_wait(state))

    async def _send_once(self, request: httpx2.Request) -> ChargeResult | None:
        try:
            response = await self._client.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise _PassingError(GatewayFailure.UNREACHABLE, sent=False) from error
        except httpx2.TimeoutException as error:
            raise _PassingError(GatewayFailure.TIMEOUT) from error
        except httpx2.TransportError as error:
            raise _PassingError(GatewayFailure.BROKEN) from error
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        if response.status_code not in {httpx2.codes.OK, httpx2.codes.PAYMENT_REQUIRED}:
            raise _explain(response)
        try:
            return ChargeResult.model_validate_json(response.content)
        except ValidationError as error:
            raise _PassingError(GatewayFailure.MALFORMED) from error


def _explain(response: httpx2.Response) -> _NoDecisionError:
    """Return the error for a status without a decision."""
    status = response.status_code
    if response.is_client_error and status not in _PASSING:
        return _RefusedError(GatewayFailure.REFUSED, sent=False)
    limited = status == httpx2.codes.TOO_MANY_REQUESTS  # rejected before it could charge
    failure = GatewayFailure.RATE_LIMITED if limited else GatewayFailure.FAILING
    return _PassingError(failure, sent=not limited, retry_after=_read_retry_after(response))


def _read_retry_after(response: httpx2.Response) -> float:
    """Return the seconds in `Retry-After`, at most an hour; 0 if it is missing or a date."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), 3600.0) if value.isdecimal() else 0.0


def _asked_to_wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, _NoDecisionError) else 0.0


def _give_up(failure: GatewayFailure, sent: bool, retry_after: float) -> GatewayUnavailableError:
    logger.warning("payment_gateway_unavailable", failure=failure.value, sent=sent)
    return GatewayUnavailableError(failure, sent=sent, retry_after=retry_after)


def make_client(
    settings: PaymentSettings, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Create the HTTP client for the gateway. The caller closes it."""
    url = settings.payment_gateway_url
    return httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {settings.payment_gateway_key.get_secret_value()}"},
        timeout=httpx2.Timeout(
            settings.payment_read_timeout, connect=settings.payment_connect_timeout
        ),
        transport=transport,
        # A TLS context takes milliseconds to create; http:// needs none. Payments use no proxy.
        verify=url.startswith("https://"),
        trust_env=False,
    )
