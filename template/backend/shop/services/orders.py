"""Orders and stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from backend.accounts.models.customer import Customer, Role
from backend.accounts.paging import Page
from backend.core.errors import ConflictError, ErrorItem, NotFoundError, ValidationFailedError
from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.product import Product
from backend.shop.repositories.orders import OrderFilter
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.order_events import make_event

MAX_TOTAL = Decimal("99999999.99")
"""The largest value of the column."""


class OutOfStockError(ConflictError):
    """There is not enough stock."""

    code = "out_of_stock"


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A product and its quantity."""

    product_id: UUID
    quantity: int


def add_up(lines: Iterable[OrderLine]) -> Decimal:
    """Return the total price of lines."""
    return sum((line.unit_price * line.quantity for line in lines), Decimal("0.00"))


def take_stock(products: Mapping[UUID, Product], items: Sequence[OrderItem]) -> list[OrderLine]:
    """Reduce the stock of locked products and return the order lines: all or nothing.

    Raises:
        NotFoundError: A product does not exist, or is not for sale.
        OutOfStockError: There is less of it than wanted.
    """
    for item in items:
        product = products.get(item.product_id)
        if product is None or not product.active:
            raise NotFoundError(f"There is no product {item.product_id}.")
        if product.stock < item.quantity:
            raise OutOfStockError(f"Only {product.stock} of {product.name} left.")
    lines = []
    for position, item in enumerate(items):
        product = products[item.product_id]
        product.stock -= item.quantity
        lines.append(
            OrderLine(
                product_id=product.id,
                position=position,
                quantity=item.quantity,
                unit_price=product.price,
            )
        )
    return lines


def restore_stock(products: Mapping[UUID, Product], orders: Iterable[Order]) -> None:
    """Return the quantities of orders to the stock of their locked products."""
    for order in orders:
        for line in order.lines:
            products[line.product_id].stock += line.quantity


class OrderService:
    """Places, lists, cancels and ships orders."""

    def __init__(self, uow: ShopUnitOfWork) -> None:
        self._uow = uow

    async def place(self, customer: Customer, items: Sequence[OrderItem]) -> Order:
        """Place an order; each product may appear in one line only.

        Raises:
            NotFoundError: A product does not exist, or is not for sale.
            OutOfStockError: There is less of it than wanted.
            ValidationFailedError: The total is too high.
        """
        products = await self._uow.products.lock(item.product_id for item in items)
        lines = take_stock(products, items)
        total = add_up(lines)
        if total > MAX_TOTAL:
            error = ErrorItem(loc=["body", "lines"], msg="Too expensive", type="total")
            raise ValidationFailedError(f"An order may cost {MAX_TOTAL} at most.", errors=[error])
        order = Order(
            id=uuid4(),
            customer_id=customer.id,
            status=OrderStatus.PENDING,
            total=total,
            lines=lines,
        )
        await self._uow.orders.add(order)
        await self._uow.outbox.add(make_event(order))
        await self._uow.commit()
        return order

    async def get(self, order_id: UUID, *, viewer: Customer) -> Order:
        """Return one order.

        Raises:
            NotFoundError: It does not exist, or belongs to someone else and the viewer is no admin.
        """
        return _visible(await self._uow.orders.get(order_id), viewer)

    async def list(
        self, filters: OrderFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Order]:
        """Return a page of orders, newest first.

        Raises:
            ValidationFailedError: The cursor is invalid, or the range ends before it starts.
        """
        start, end = filters.created_from, filters.created_before
        if start is not None and end is not None and start >= end:
            item = ErrorItem(loc=["query", "created_before"], msg="Not after start", type="range")
            raise ValidationFailedError("The range must end after it starts.", errors=[item])
        return await self._uow.orders.list(filters, cursor=cursor, limit=limit)

    async def cancel(self, order_id: UUID, *, by: Customer) -> Order:
        """Cancel an unpaid order and restore the stock.

        Raises:
            NotFoundError: It does not exist, or belongs to someone else.
            ConflictError: It is not pending, or a payment is in progress.
        """
        order = _visible(await self._uow.orders.lock(order_id), by)
        if order.status is not OrderStatus.PENDING:
            raise ConflictError(f"An order that is {order.status} cannot be cancelled.")
        if await self._uow.payments.find_active(order.id) is not None:
            raise ConflictError("A payment of this order is in progress.")
        products = await self._uow.products.lock(line.product_id for line in order.lines)
        restore_stock(products, [order])
        return await self._become(order, OrderStatus.CANCELLED)

    async def ship(self, order_id: UUID, *, by: Customer) -> Order:
        """Mark a paid order as shipped.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: It is not paid, or already shipped.
        """
        order = _visible(await self._uow.orders.lock(order_id), by)
        if order.status is not OrderStatus.PAID:
            raise ConflictError(f"An order that is {order.status} cannot be shipped.")
        return await self._become(order, OrderStatus.SHIPPED)

    async def _become(self, order: Order, status: OrderStatus) -> Order:
        order.status = status
        await self._uow.orders.flush(order)
        await self._uow.outbox.add(make_event(order))
        await self._uow.commit()
        return order


def _visible(order: Order | None, viewer: Customer) -> Order:
    # A 403 would reveal that it exists.
    if order is None or (order.customer_id != viewer.id and viewer.role is not Role.ADMIN):
        raise NotFoundError("There is no such order.")
    return order
