"""The payment gateway over HTTP, without sockets."""

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from functools import partial
from uuid import uuid4

import httpx2
import pytest

from backend.shop.adapters.http_payment_gateway import (
    HttpPaymentGateway,
    PaymentSettings,
    make_client,
)
from backend.shop.adapters.payment_gateway import (
    Charge,
    ChargeResult,
    GatewayFailure,
    GatewayUnavailableError,
)

Answer = httpx2.Response | Exception
APPROVED = {"reference": "ref-1", "approved": True}
CHARGE = Charge("key-12345678", uuid4(), Decimal("12.50"), "tok_1")
SETTINGS = PaymentSettings(payment_backoff=0, payment_attempts=3, payment_breaker_threshold=4)


class Peer:
    """Gives the set answers, and records requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def waits() -> list[float]:
    """The client's delays between attempts, in seconds."""
    return []


@pytest.fixture
async def gateway(peer: Peer, waits: list[float]) -> AsyncIterator[HttpPaymentGateway]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with make_client(SETTINGS, httpx2.MockTransport(peer)) as client:
        yield HttpPaymentGateway(client, SETTINGS, sleep=sleep)


def unsent() -> Exception:
    return httpx2.ConnectError("refused")


def unanswered() -> Exception:
    return httpx2.ReadTimeout("too late")


async def test_a_charge_is_sent_with_its_key(peer: Peer, gateway: HttpPaymentGateway) -> None:
    peer.answers = [httpx2.Response(200, json=APPROVED)]
    assert await gateway.charge(CHARGE) == ChargeResult(reference="ref-1", approved=True)
    (request,) = peer.requests
    assert (request.method, request.url.path) == ("POST", "/charges")
    assert request.headers["Idempotency-Key"] == CHARGE.idempotency_key
    assert request.headers["Authorization"].startswith("Bearer ")
    assert json.loads(request.content) == {
        "order_id": str(CHARGE.order_id),
        "amount": "12.50",
        "card_token": "tok_1",
    }


async def test_a_declined_card_is_a_result(peer: Peer, gateway: HttpPaymentGateway) -> None:
    declined = {"reference": "ref-2", "approved": False, "decline_reason": "No money."}
    peer.answers = [httpx2.Response(402, json=declined)]
    assert (await gateway.charge(CHARGE)).decline_reason == "No money."


PASSING: dict[str, Callable[[], Answer]] = {
    "no connection": unsent,
    "no connection in time": lambda: httpx2.ConnectTimeout("slow"),
    "no answer in time": unanswered,
    "broken answer": lambda: httpx2.RemoteProtocolError("broken"),
    "no json": lambda: httpx2.Response(200, content=b"no json"),
    "nonsense": lambda: httpx2.Response(200, json={"approved": "perhaps"}),
}
PASSING |= {str(status): partial(httpx2.Response, status) for status in (302, 409, 429, 500, 503)}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
async def test_a_transient_failure_is_retried_with_the_same_key(
    peer: Peer, gateway: HttpPaymentGateway, failure: Callable[[], Answer]
) -> None:
    peer.answers = [failure(), failure(), httpx2.Response(200, json=APPROVED)]
    assert (await gateway.charge(CHARGE)).approved
    assert {request.headers["Idempotency-Key"] for request in peer.requests} == {"key-12345678"}


KINDS: dict[GatewayFailure, tuple[Callable[[], Answer], bool]] = {
    GatewayFailure.UNREACHABLE: (unsent, False),
    GatewayFailure.TIMEOUT: (unanswered, True),
    GatewayFailure.BROKEN: (PASSING["broken answer"], True),
    GatewayFailure.RATE_LIMITED: (partial(httpx2.Response, 429), False),
    GatewayFailure.FAILING: (partial(httpx2.Response, 500), True),
    GatewayFailure.MALFORMED: (PASSING["no json"], True),
    GatewayFailure.REFUSED: (partial(httpx2.Response, 400), False),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_failure_has_its_name(
    peer: Peer, gateway: HttpPaymentGateway, kind: GatewayFailure
) -> None:
    answer, sent = KINDS[kind]
    peer.answers = [answer() for _ in range(3)]
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert (failure.value.failure, failure.value.sent) == (kind, sent)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_sets_the_delay(
    peer: Peer, gateway: HttpPaymentGateway, waits: list[float], status: int
) -> None:
    peer.answers = [
        httpx2.Response(status, headers={"Retry-After": "2"}),
        httpx2.Response(200, json=APPROVED),
    ]
    assert (await gateway.charge(CHARGE)).approved
    assert waits == [2.0]


async def test_a_long_retry_after_is_not_waited_for(
    peer: Peer, gateway: HttpPaymentGateway, waits: list[float]
) -> None:
    peer.answers = [httpx2.Response(429, headers={"Retry-After": "7"})]
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert failure.value.headers["Retry-After"] == "7"
    assert (len(peer.requests), waits) == (1, [])


@pytest.mark.parametrize("asked", ["", "soon", "-3", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_an_invalid_retry_after_is_ignored(
    peer: Peer, gateway: HttpPaymentGateway, waits: list[float], asked: str
) -> None:
    limited = httpx2.Response(429, headers={"Retry-After": asked})
    peer.answers = [limited, httpx2.Response(200, json=APPROVED)]
    assert (await gateway.charge(CHARGE)).approved
    assert waits == [0.0]


async def test_retry_after_is_at_most_an_hour(peer: Peer, gateway: HttpPaymentGateway) -> None:
    peer.answers = [httpx2.Response(429, headers={"Retry-After": "9" * 400})]
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert failure.value.headers["Retry-After"] == "3600"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_rejected_request_is_not_retried(
    peer: Peer, gateway: HttpPaymentGateway, status: int
) -> None:
    peer.answers = [httpx2.Response(status)]
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert len(peer.requests) == 1
    assert not failure.value.sent


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([unsent, unsent, unsent], False),
        ([unanswered, unanswered, unanswered], True),
        ([unanswered, unsent, unsent], True),
        ([unsent, unsent, unanswered], True),
    ],
)
async def test_it_gives_up_and_reports_whether_the_charge_may_have_arrived(
    peer: Peer, gateway: HttpPaymentGateway, answers: list[Callable[[], Answer]], sent: bool
) -> None:
    peer.answers = [answer() for answer in answers]
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert failure.value.sent is sent
    assert failure.value.headers["Retry-After"] == "1"


async def test_many_failures_open_the_circuit(peer: Peer, gateway: HttpPaymentGateway) -> None:
    peer.answers = [unsent() for _ in range(4)]
    for _ in range(2):  # 3 attempts, then 1 that opens the circuit
        with pytest.raises(GatewayUnavailableError):
            await gateway.charge(CHARGE)
    assert len(peer.requests) == 4
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert len(peer.requests) == 4
    assert failure.value.failure is GatewayFailure.CIRCUIT_OPEN
    assert not failure.value.sent
    assert 25 <= int(failure.value.headers["Retry-After"]) <= 30


async def test_a_circuit_that_opens_between_attempts_keeps_the_failure(
    peer: Peer, gateway: HttpPaymentGateway
) -> None:
    peer.answers = [unsent(), unsent(), unsent(), unanswered()]
    with pytest.raises(GatewayUnavailableError):
        await gateway.charge(CHARGE)
    with pytest.raises(GatewayUnavailableError) as failure:
        await gateway.charge(CHARGE)
    assert failure.value.sent


class TestLookUp:
    async def test_it_returns_the_decision(self, peer: Peer, gateway: HttpPaymentGateway) -> None:
        peer.answers = [httpx2.Response(200, json=APPROVED)]
        result = await gateway.look_up("a key&with=signs")
        assert result is not None
        assert result.approved
        assert peer.requests[0].url.params["idempotency_key"] == "a key&with=signs"

    async def test_a_charge_that_never_arrived_is_none(
        self, peer: Peer, gateway: HttpPaymentGateway
    ) -> None:
        peer.answers = [httpx2.Response(404)]
        assert await gateway.look_up("key-12345678") is None


def test_the_client_verifies_certificates_where_there_are_any() -> None:
    settings = PaymentSettings(payment_gateway_url="https://gateway.example.com")
    client = make_client(settings, httpx2.MockTransport(Peer()))
    assert client.base_url.scheme == "https"
    assert client.timeout.connect == settings.payment_connect_timeout
    assert client.timeout.read == settings.payment_read_timeout
