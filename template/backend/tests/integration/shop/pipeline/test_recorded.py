"""Played back from a cassette: what a gateway really says, without asking it each time.

Nothing is ever recorded here. The shop's gateway is an invention, so its cassette is written by
hand; to record one of a real gateway's sandbox, give its address, say `record_mode="all"`, and look
at what is in the cassette before you commit it.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import vcr  # type: ignore[import-untyped]  # ships no types

from backend.shop.adapters.payment_gateway import Charge
from backend.tests.integration.shop.pipeline.conftest import MakeGateway

CASSETTES = Path(__file__).parent / "cassettes"


@pytest.fixture
def cassette() -> Iterator[vcr.cassette.Cassette]:
    """Plays gateway.yaml; a request that is not in it fails."""
    player = vcr.VCR(
        record_mode="none",
        match_on=["method", "path", "query", "body"],
        filter_headers=["authorization"],
        ignore_hosts=["test"],  # the client of the application itself
    )
    with player.use_cassette(str(CASSETTES / "gateway.yaml")) as cassette:
        yield cassette


async def test_a_recorded_charge_is_understood(
    cassette: vcr.cassette.Cassette, make_gateway: MakeGateway
) -> None:
    charge = Charge("recorded-0001", UUID(int=1), Decimal("25.00"), "tok_visa")
    result = await make_gateway(payment_gateway_url="http://gateway.invalid").charge(charge)
    assert result.approved
    assert result.reference == "ch_3Nf0aZ2eZvKYlo2C"
    assert cassette.play_count == 1


async def test_a_recorded_decline_is_understood(
    cassette: vcr.cassette.Cassette, make_gateway: MakeGateway
) -> None:
    charge = Charge("recorded-0002", UUID(int=2), Decimal("25.00"), "tok_chargeDeclined")
    result = await make_gateway(payment_gateway_url="http://gateway.invalid").charge(charge)
    assert (result.approved, result.decline_reason) == (False, "insufficient_funds")


async def test_what_was_not_recorded_is_not_sent(
    cassette: vcr.cassette.Cassette, make_gateway: MakeGateway
) -> None:
    charge = Charge("recorded-0003", UUID(int=3), Decimal("0.01"), "tok_unknown")
    with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException, match="none"):
        await make_gateway(payment_gateway_url="http://gateway.invalid").charge(charge)
    assert cassette.play_count == 0
