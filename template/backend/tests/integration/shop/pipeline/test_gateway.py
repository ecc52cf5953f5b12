"""Charges over real HTTP: answers, time-outs, retries and the circuit breaker."""

import json
import socket
from decimal import Decimal
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from backend.core.circuit_breaker import CircuitBreaker
from backend.shop.adapters.http_payment_gateway import HttpPaymentGateway
from backend.shop.adapters.payment_gateway import Charge, ChargeResult, GatewayUnavailableError
from backend.tests.async_utils import simulate_concurrent_requests
from backend.tests.integration.shop.pipeline.conftest import APPROVED, DECLINED, MakeGateway

CHARGE = Charge("key-00001", UUID(int=7), Decimal("19.90"), "tok_visa")


def expect_charge(server: HTTPServer, *answers: Response) -> None:
    """Let the server give these answers, one per request, and reject further requests."""
    for answer in answers:
        server.expect_ordered_request("/charges", method="POST").respond_with_response(answer)


def answer(status: int = 200, body: object = APPROVED) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


class TestCharge:
    async def test_sends_the_amount_the_key_and_the_secret(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        expect_charge(gateway_server, answer())
        gateway = make_gateway(payment_gateway_key="sk_live_4711")
        assert await gateway.charge(CHARGE) == ChargeResult(reference="ch_1", approved=True)
        request, _ = gateway_server.log[0]
        assert request.json == {
            "order_id": str(CHARGE.order_id),
            "amount": "19.90",
            "card_token": "tok_visa",
        }
        assert request.headers["Idempotency-Key"] == "key-00001"
        assert request.headers["Authorization"] == "Bearer sk_live_4711"

    async def test_ten_concurrent_charges_get_their_own_answers(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        def echo(request: Request) -> Response:
            return answer(body={"reference": request.headers["Idempotency-Key"], "approved": True})

        gateway_server.expect_request("/charges").respond_with_handler(echo)
        gateway = make_gateway()

        async def charge(number: int) -> str:
            key = f"key-{number:05}"
            return (await gateway.charge(Charge(key, UUID(int=1), Decimal(1), "t"))).reference

        run = await simulate_concurrent_requests(charge, count=10)
        assert run.results == [f"key-{number:05}" for number in range(10)]


class TestRetry:
    async def test_a_transient_failure_is_retried_with_the_same_key(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        expect_charge(gateway_server, answer(503), answer(429), answer())
        result = await make_gateway(payment_attempts=3).charge(CHARGE)
        assert result.approved
        keys = [request.headers["Idempotency-Key"] for request, _ in gateway_server.log]
        assert keys == ["key-00001"] * 3

    async def test_an_invalid_answer_may_have_charged(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        expect_charge(gateway_server, answer(body="<html>"), answer(body={"approved": True}))
        with pytest.raises(GatewayUnavailableError) as caught:
            await make_gateway(payment_attempts=2).charge(CHARGE)
        assert caught.value.sent
        assert len(gateway_server.log) == 2

    async def test_a_refused_request_is_not_repeated_and_has_not_charged(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        expect_charge(gateway_server, answer(400))
        with pytest.raises(GatewayUnavailableError) as caught:
            await make_gateway().charge(CHARGE)
        assert not caught.value.sent
        assert len(gateway_server.log) == 1

    async def test_a_gateway_that_does_not_answer_in_time_may_have_charged(
        self, make_gateway: MakeGateway
    ) -> None:
        # Connections enter the backlog and are never read.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            gateway = make_gateway(
                payment_gateway_url=url, payment_read_timeout=0.02, payment_attempts=2
            )
            with pytest.raises(GatewayUnavailableError) as caught:
                await gateway.charge(CHARGE)
        assert caught.value.sent

    async def test_an_unreachable_gateway_has_not_charged(self, make_gateway: MakeGateway) -> None:
        with socket.socket() as bound:  # bound but not listening: no other process can use the port
            bound.bind(("127.0.0.1", 0))
            gateway = make_gateway(payment_gateway_url=f"http://127.0.0.1:{bound.getsockname()[1]}")
            with pytest.raises(GatewayUnavailableError) as caught:
                await gateway.charge(CHARGE)
        assert not caught.value.sent


class TestCircuitBreaker:
    async def test_opens_after_failures_and_closes_again(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        now = 0.0
        gateway = make_gateway(payment_attempts=1)
        gateway.breaker = CircuitBreaker(
            failures=HttpPaymentGateway._FAILURES, threshold=2, reset_after=30, clock=lambda: now
        )
        gateway_server.expect_request("/charges").respond_with_response(answer(503))
        for _ in range(2):
            with pytest.raises(GatewayUnavailableError):
                await gateway.charge(CHARGE)
        assert gateway.breaker.state.value == "open"

        with pytest.raises(GatewayUnavailableError) as caught:
            await gateway.charge(CHARGE)
        assert len(gateway_server.log) == 2, "the open circuit let a request through"
        assert not caught.value.sent
        assert caught.value.headers["Retry-After"] == "30"

        now = 30.0
        gateway_server.clear_all_handlers()
        expect_charge(gateway_server, answer())
        assert (await gateway.charge(CHARGE)).approved
        assert gateway.breaker.state.value == "closed"

    async def test_a_declined_card_does_not_count_as_a_failure(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        gateway = make_gateway(payment_breaker_threshold=1)
        expect_charge(gateway_server, answer(402, DECLINED), answer())
        declined = await gateway.charge(CHARGE)
        assert (declined.approved, declined.decline_reason) == (False, "no funds")
        assert (await gateway.charge(CHARGE)).approved


class TestLookUp:
    async def test_returns_the_outcome_of_a_charge(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        gateway_server.expect_request(
            "/charges", method="GET", query_string={"idempotency_key": "key-00001"}
        ).respond_with_response(answer())
        assert await make_gateway().look_up("key-00001") == ChargeResult.model_validate(APPROVED)

    async def test_a_charge_that_never_arrived_is_none(
        self, gateway_server: HTTPServer, make_gateway: MakeGateway
    ) -> None:
        gateway_server.expect_request("/charges").respond_with_response(answer(404, {}))
        assert await make_gateway().look_up("key-00001") is None
