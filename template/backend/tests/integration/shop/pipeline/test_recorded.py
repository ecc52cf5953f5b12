"""Cassettes: missing requests are not sent, and recordings contain no secrets."""

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not worth a dependency
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import default_settings
from pytest_httpserver import HTTPServer

from backend.shop.adapters.payment_gateway import Charge
from backend.tests.fixtures.shop.cassettes import (
    CASSETTES,
    HEADERS,
    HOST,
    NotRecordedError,
    OpenCassette,
)
from backend.tests.integration.shop.pipeline.conftest import APPROVED, MakeGateway

CHARGE = Charge("recorded-0003", UUID(int=3), Decimal("0.01"), "tok_unknown")
ENTROPY = "High Entropy"
"""Part of the names of detectors that take any identifier for a secret."""
KEY = "sk_live_4711-3f9c2a7be1d04856"


@pytest.fixture(autouse=True)
def on_a_developers_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither CI nor a recording, whatever the environment."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("RECORD_CASSETTES", raising=False)


@default_settings()
def find_secrets(path: Path) -> list[str]:
    """Return the secrets in a cassette."""
    found = []
    for interaction in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
        request, response = interaction["request"], interaction["response"]
        names = {name.lower() for message in (request, response) for name in message["headers"]}
        found += [f"the header {name}" for name in names - HEADERS]
        if not request["uri"].startswith(f"http://{HOST}/"):
            found.append(f"the address {request['uri']}")
        for text in (request["uri"], request["body"], response["body"]["string"]):
            found += [secret.type for secret in scan_line(text) if ENTROPY not in secret.type]
    return found


@pytest.mark.parametrize("path", sorted(CASSETTES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_cassette_holds_a_secret(path: Path) -> None:
    assert find_secrets(path) == []


@pytest.mark.parametrize(
    ("header", "uri", "body"),
    [
        ("Authorization", f"http://{HOST}/charges", ""),
        ("Cookie", f"http://{HOST}/charges", ""),
        ("Content-Type", "https://sandbox.example.com/charges", ""),
        ("Content-Type", f"http://{HOST}/charges", f'{{"api_key": "{KEY}"}}'),
    ],
)
def test_a_secret_in_a_cassette_is_found(tmp_path: Path, header: str, uri: str, body: str) -> None:
    request = {"body": body, "headers": {header: ["text"]}, "method": "POST", "uri": uri}
    response = {"body": {"string": ""}, "headers": {}, "status": {"code": 200, "message": "OK"}}
    path = tmp_path / "leaky.yaml"
    cassette = {"interactions": [{"request": request, "response": response}], "version": 1}
    path.write_text(yaml.safe_dump(cassette, width=1000), "utf-8")
    assert len(find_secrets(path)) == 1


async def test_what_is_not_recorded_is_not_sent(
    gateway_server: HTTPServer, make_gateway: MakeGateway, open_cassette: OpenCassette
) -> None:
    gateway_server.expect_request("/charges").respond_with_json(APPROVED)
    sentence = (
        r"^gateway\.yaml does not hold this POST /charges, .* `RECORD_CASSETTES=https://.*\.$"
    )
    with pytest.raises(NotRecordedError, match=sentence):  # noqa: SIM117 - which one raises matters
        with open_cassette(CASSETTES / "gateway.yaml"):
            await make_gateway().charge(CHARGE)
    assert gateway_server.log == []


async def test_a_recording_holds_no_secret_and_is_played_back(
    gateway_server: HTTPServer,
    make_gateway: MakeGateway,
    open_cassette: OpenCassette,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = {"Set-Cookie": f"session={KEY}", "X-Api-Key": KEY}
    gateway_server.expect_request("/charges").respond_with_json(APPROVED, headers=headers)
    path = tmp_path / "new.yaml"
    monkeypatch.setenv("RECORD_CASSETTES", gateway_server.url_for(""))
    with open_cassette(path):
        recorded = await make_gateway(payment_gateway_key=KEY).charge(CHARGE)
    assert KEY not in path.read_text("utf-8")
    assert find_secrets(path) == []
    monkeypatch.delenv("RECORD_CASSETTES")
    with open_cassette(path):
        assert await make_gateway().charge(CHARGE) == recorded
    assert len(gateway_server.log) == 1


def test_nothing_is_recorded_in_ci(
    open_cassette: OpenCassette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("RECORD_CASSETTES", "https://sandbox.example.com")
    opened = open_cassette(tmp_path / "new.yaml")
    with pytest.raises(pytest.fail.Exception, match="record on your own machine"):
        opened.__enter__()
    assert list(tmp_path.iterdir()) == []
