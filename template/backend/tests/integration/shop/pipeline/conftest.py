"""The payment gateway as a real HTTP server, and the application's client for it."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer

from backend.shop.adapters.http_payment_gateway import (
    HttpPaymentGateway,
    PaymentSettings,
    make_client,
)
from backend.tests.fakes.shop.http_server import QuickServer

MakeGateway = Callable[..., HttpPaymentGateway]
APPROVED = {"reference": "ch_1", "approved": True}
DECLINED = {"reference": "ch_2", "approved": False, "decline_reason": "no funds"}


@pytest.fixture(scope="session")
def gateway_process() -> Iterator[HTTPServer]:
    """One server for the worker's tests."""
    with QuickServer() as server:
        yield server


@pytest.fixture
def gateway_server(gateway_process: HTTPServer) -> Iterator[HTTPServer]:
    """The gateway's server: set its answers, inspect its requests."""
    yield gateway_process
    gateway_process.check_assertions()
    gateway_process.clear()


@pytest.fixture
async def make_gateway(gateway_server: HTTPServer) -> AsyncIterator[MakeGateway]:
    """Creates the application's client: `make_gateway(payment_attempts=1)`, closed at the end."""
    clients = []

    def make(**settings: object) -> HttpPaymentGateway:
        url = gateway_server.url_for("")
        values = {"payment_gateway_url": url, "payment_backoff": 0, **settings}
        chosen = PaymentSettings.model_validate(values)
        clients.append(make_client(chosen))
        return HttpPaymentGateway(clients[-1], chosen)

    yield make
    for client in clients:
        await client.aclose()
