from decimal import ROUND_HALF_UP, Decimal


def with_tax(price: Decimal, rate: Decimal = Decimal("0.19")) -> Decimal:
    return (price * (1 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)
