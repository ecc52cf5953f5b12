"""The three test doubles of the payment gateway behave alike.

They are the transport stub for unit tests, the cassette of recorded answers, and WireMock, a
server. Each answers by card; `peers/shop/` contains the cassette and WireMock's mappings.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import httpx2
import pytest
from pytest_greenfield.services.wiremock.client import WireMock

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
from backend.tests.fakes.shop.gateway_stub import GatewayStub
from backend.tests.fixtures.shop.cassettes import CASSETTES, OpenCassette, gateway_url


@dataclass(frozen=True)
class Peer:
    """A test double: its address and its number of answered requests."""

    answered: Callable[[], int]
    settings: PaymentSettings
    transport: httpx2.AsyncBaseTransport | None = None


@dataclass(frozen=True)
class Case:
    """A card, the result of charging it, and the number of requests."""

    card_token: str
    outcome: ChargeResult | GatewayFailure
    requests: int
    retry_after: str | None = None


APPROVED = ChargeResult(reference="ch_0001", approved=True)
DECLINED = ChargeResult(reference="ch_0002", approved=False, decline_reason="insufficient_funds")
CASES = {
    "approved": Case("tok_visa", APPROVED, 1),
    "declined": Case("tok_declined", DECLINED, 1),
    "rate-limited": Case("tok_rate_limited", GatewayFailure.RATE_LIMITED, 1, retry_after="7"),
    "unsteady": Case("tok_unsteady", APPROVED, 2),
    "slow": Case("tok_slow", GatewayFailure.TIMEOUT, 2, retry_after="1"),
    "malformed": Case("tok_malformed", GatewayFailure.MALFORMED, 2, retry_after="1"),
}
PEERS = ("stub", "cassette", "wiremock")
# A cassette cannot record a missing answer.
PAIRS = [(peer, case) for peer in PEERS for case in CASES if (peer, case) != ("cassette", "slow")]


@pytest.fixture
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """The test double of the test's parameter."""
    if request.param == "stub":
        stub = GatewayStub()
        yield Peer(lambda: len(stub.requests), PaymentSettings(), httpx2.MockTransport(stub))
    elif request.param == "cassette":
        open_cassette: OpenCassette = request.getfixturevalue("open_cassette")
        with open_cassette(CASSETTES / "gateway.yaml") as cassette:
            held = len(cassette)
            settings = PaymentSettings(payment_gateway_url=gateway_url())
            yield Peer(lambda: cassette.play_count + len(cassette) - held, settings)
    else:
        wiremock: WireMock = request.getfixturevalue("wiremock")
        yield Peer(lambda: len(wiremock.requests()), PaymentSettings())


@pytest.mark.parametrize(("peer", "name"), PAIRS, indirect=["peer"])
async def test_every_double_gives_the_same_result(peer: Peer, name: str) -> None:
    case = CASES[name]
    changes: dict[str, float] = {"payment_attempts": 2, "payment_backoff": 0}
    if case.outcome is GatewayFailure.TIMEOUT:
        changes["payment_read_timeout"] = 0.1
    settings = peer.settings.model_copy(update=changes)
    charge = Charge(f"contract-{name}", UUID(int=1), Decimal("25.00"), case.card_token)
    outcome: ChargeResult | GatewayFailure
    retry_after = None
    async with make_client(settings, peer.transport) as client:
        try:
            outcome = await HttpPaymentGateway(client, settings).charge(charge)
        except GatewayUnavailableError as error:
            outcome, retry_after = error.failure, error.headers["Retry-After"]
    assert (outcome, retry_after) == (case.outcome, case.retry_after)
    assert peer.answered() == case.requests
