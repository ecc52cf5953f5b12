"""The payment gateway of the live server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from backend.tests.fixtures.shop.live import approve


@pytest.fixture
def gateway_server(gateway_process: HTTPServer) -> Iterator[HTTPServer]:
    """The gateway's server. It approves, unless a test tells it something else first."""
    gateway_process.clear()
    gateway_process.expect_request("/charges", method="POST").respond_with_handler(approve)
    yield gateway_process
    gateway_process.clear()
