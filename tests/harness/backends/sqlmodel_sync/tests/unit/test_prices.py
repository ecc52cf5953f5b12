from decimal import Decimal

import pytest
from app.prices import with_tax


@pytest.mark.parametrize(("net", "gross"), [("1.00", "1.19"), ("0.00", "0.00"), ("9.99", "11.89")])
def test_tax_is_rounded_to_cents(net, gross):
    assert with_tax(Decimal(net)) == Decimal(gross)
