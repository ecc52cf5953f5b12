"""The repositories in memory: rules are tested without a database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import inspect

from backend.core.errors import ConflictError
from backend.models.customer import Customer, RefreshToken
from backend.models.order import Order, OrderStatus
from backend.models.outbox import OutboxEvent, OutboxStatus
from backend.models.payment import Payment, PaymentStatus
from backend.models.product import Product, ProductImage
from backend.repositories.customers import CustomerRepository, RefreshTokenRepository
from backend.repositories.orders import OrderFilter, OrderRepository
from backend.repositories.outbox import OutboxRepository
from backend.repositories.paging import Cursor, Page
from backend.repositories.payments import PaymentRepository
from backend.repositories.products import ProductFilter, ProductImageRepository, ProductRepository
from backend.repositories.reports import DaySales, ProductSales, ReportRepository
from backend.repositories.unit_of_work import UnitOfWork
from backend.tests.fakes.clock import FakeClock

T = TypeVar("T")
LIVE = (PaymentStatus.PENDING, PaymentStatus.SUCCEEDED)


class Table(Generic[T]):
    """Rows by id, stamped and given their defaults as the database would."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.rows: dict[UUID, T] = {}

    def put(self, row: Any) -> None:
        """Add a row, or change it."""
        for column in inspect(type(row)).columns:
            default = column.default
            if getattr(row, column.key) is None and default is not None and default.is_scalar:
                setattr(row, column.key, default.arg)
        row.id = row.id or uuid4()
        # A millisecond each, so that rows have an order.
        row.created_at = row.created_at or self._clock() + timedelta(milliseconds=len(self.rows))
        row.updated_at = self._clock()
        self.rows[row.id] = row

    def where(self, **values: Any) -> list[Any]:
        """Return the rows whose attributes have these values, the oldest first."""
        found = [
            row
            for row in self.rows.values()
            if all(getattr(row, name) == value for name, value in values.items())
        ]
        return sorted(found, key=attrgetter("created_at", "id"))


def paginate(rows: Iterable[Any], cursor: str | None, limit: int) -> Page[Any]:
    """Cut a page out of rows, the newest first."""
    ordered = sorted(rows, key=attrgetter("created_at", "id"), reverse=True)
    if cursor is not None:
        place = Cursor.decode(cursor)
        ordered = [
            row for row in ordered if (row.created_at, row.id) < (place.created_at, place.id)
        ]
    items = ordered[:limit]
    more = len(ordered) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)


class FakeCustomers(CustomerRepository):
    """Customers in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Customer](clock)

    async def add(self, customer: Customer) -> None:
        if await self.find_by_email(customer.email):
            raise ConflictError("This e-mail address is taken.")
        self.table.put(customer)

    async def get(self, customer_id: UUID) -> Customer | None:
        return self.table.rows.get(customer_id)

    async def find_by_email(self, email: str) -> Customer | None:
        found = (row for row in self.table.rows.values() if row.email.lower() == email.lower())
        return next(found, None)

    async def list(
        self, *, is_active: bool | None = None, cursor: str | None = None, limit: int = 20
    ) -> Page[Customer]:
        rows = [row for row in self.table.rows.values() if is_active in {None, row.is_active}]
        return paginate(rows, cursor, limit)

    async def flush(self, customer: Customer) -> None:
        self.table.put(customer)


class FakeRefreshTokens(RefreshTokenRepository):
    """Refresh tokens in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[RefreshToken](clock)

    async def add(self, token: RefreshToken) -> None:
        self.table.put(token)

    async def lock(self, token_id: UUID) -> RefreshToken | None:
        return self.table.rows.get(token_id)

    async def revoke_family(self, family_id: UUID, at: datetime) -> None:
        for row in self.table.where(family_id=family_id, revoked_at=None):
            row.revoked_at = at

    async def revoke_all(self, customer_id: UUID, at: datetime) -> None:
        for row in self.table.where(customer_id=customer_id, revoked_at=None):
            row.revoked_at = at

    async def delete_expired(self, before: datetime) -> int:
        old = [key for key, row in self.table.rows.items() if row.expires_at < before]
        for key in old:
            del self.table.rows[key]
        return len(old)


class FakeProducts(ProductRepository):
    """Products in memory; `locked` tells in which order they were locked."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Product](clock)
        self.locked: list[UUID] = []
        self.ordered: set[UUID] = set()

    async def add(self, product: Product) -> None:
        self._check_sku(product)
        self.table.put(product)

    async def get(self, product_id: UUID) -> Product | None:
        return self.table.rows.get(product_id)

    async def list(
        self, wanted: ProductFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Product]:
        rows = [row for row in self.table.rows.values() if _matches(row, wanted)]
        return paginate(rows, cursor, limit)

    async def lock(self, product_ids: Iterable[UUID]) -> dict[UUID, Product]:
        ids = sorted(set(product_ids) & self.table.rows.keys())
        self.locked += ids
        return {key: self.table.rows[key] for key in ids}

    async def flush(self, product: Product) -> None:
        self._check_sku(product)
        self.table.put(product)

    async def delete(self, product: Product) -> None:
        if product.id in self.ordered:
            raise ConflictError("The product has been ordered; deactivate it instead.")
        del self.table.rows[product.id]

    def _check_sku(self, product: Product) -> None:
        if any(row is not product for row in self.table.where(sku=product.sku)):
            raise ConflictError("This SKU is taken.")


def _matches(product: Product, wanted: ProductFilter) -> bool:
    return (
        wanted.active in {None, product.active}
        and (wanted.search or "").lower() in product.name.lower()
        and (wanted.min_price is None or product.price >= wanted.min_price)
        and (wanted.max_price is None or product.price <= wanted.max_price)
        and wanted.in_stock in {None, product.stock > 0}
    )


class FakeImages(ProductImageRepository):
    """Images' rows in memory; `failure` is raised instead of adding one."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[ProductImage](clock)
        self.failure: BaseException | None = None

    async def add(self, image: ProductImage) -> None:
        if self.failure is not None:
            raise self.failure
        self.table.put(image)

    async def get(self, product_id: UUID, image_id: UUID) -> ProductImage | None:
        return next(iter(self.table.where(id=image_id, product_id=product_id)), None)

    async def list(self, product_id: UUID) -> Sequence[ProductImage]:
        return self.table.where(product_id=product_id)

    async def delete(self, image: ProductImage) -> None:
        del self.table.rows[image.id]


class FakeOrders(OrderRepository):
    """Orders in memory."""

    def __init__(self, clock: FakeClock, payments: "FakePayments") -> None:
        self.table = Table[Order](clock)
        self._payments = payments

    async def add(self, order: Order) -> None:
        self.table.put(order)

    async def get(self, order_id: UUID) -> Order | None:
        return self.table.rows.get(order_id)

    async def lock(self, order_id: UUID) -> Order | None:
        return self.table.rows.get(order_id)

    async def list(
        self, wanted: OrderFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Order]:
        rows = [
            row
            for row in self.table.rows.values()
            if wanted.customer_id in {None, row.customer_id}
            and wanted.status in {None, row.status}
            and (wanted.created_from is None or row.created_at >= wanted.created_from)
            and (wanted.created_before is None or row.created_at < wanted.created_before)
        ]
        return paginate(rows, cursor, limit)

    async def lock_unpaid(self, created_before: datetime, *, limit: int) -> Sequence[Order]:
        charging = {
            row.order_id for row in self._payments.table.where(status=PaymentStatus.PENDING)
        }
        rows = self.table.where(status=OrderStatus.PENDING)
        old = [row for row in rows if row.created_at < created_before and row.id not in charging]
        return old[:limit]

    async def flush(self, order: Order) -> None:
        self.table.put(order)


class FakePayments(PaymentRepository):
    """Payments in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Payment](clock)

    async def add(self, payment: Payment) -> None:
        key_used = await self.find_by_key(payment.idempotency_key)
        if key_used or (payment.status in LIVE and await self.find_live(payment.order_id)):
            raise ConflictError("Another payment of this order is under way.")
        self.table.put(payment)

    async def find_by_key(self, idempotency_key: str) -> Payment | None:
        return next(iter(self.table.where(idempotency_key=idempotency_key)), None)

    async def find_live(self, order_id: UUID) -> Payment | None:
        rows = self.table.where(order_id=order_id)
        return next((row for row in rows if row.status in LIVE), None)

    async def list(self, order_id: UUID) -> Sequence[Payment]:
        return self.table.where(order_id=order_id)

    async def list_stuck(self, updated_before: datetime, *, limit: int) -> Sequence[Payment]:
        rows = self.table.where(status=PaymentStatus.PENDING)
        return [row for row in rows if row.updated_at < updated_before][:limit]

    async def lock(self, payment_id: UUID) -> Payment | None:
        return self.table.rows.get(payment_id)

    async def flush(self, payment: Payment) -> None:
        self.table.put(payment)


class FakeOutbox(OutboxRepository):
    """The outbox in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[OutboxEvent](clock)

    @property
    def types(self) -> list[str]:
        """What the events say, the oldest first."""
        return [row.type for row in self.table.where()]

    async def add(self, event: OutboxEvent) -> None:
        self.table.put(event)

    async def lock_due(self, now: datetime, *, limit: int) -> Sequence[OutboxEvent]:
        rows = self.table.where(status=OutboxStatus.PENDING)
        return [row for row in rows if (row.available_at or now) <= now][:limit]

    async def lock(self, event_id: UUID) -> OutboxEvent | None:
        return self.table.rows.get(event_id)

    async def list_dead(self, *, cursor: str | None = None, limit: int = 20) -> Page[OutboxEvent]:
        return paginate(self.table.where(status=OutboxStatus.DEAD), cursor, limit)

    async def flush(self) -> None:
        """Nothing waits."""


class FakeReports(ReportRepository):
    """Sums that a test puts in."""

    def __init__(self) -> None:
        self.days: list[DaySales] = []
        self.products: list[ProductSales] = []
        self.counts: Mapping[OrderStatus, int] = {}

    async def sales_by_day(self, start: datetime, end: datetime) -> Sequence[DaySales]:
        return [row for row in self.days if start.date() <= row.day <= end.date()]

    async def best_sellers(
        self, start: datetime, end: datetime, *, limit: int
    ) -> Sequence[ProductSales]:
        return self.products[:limit]

    async def count_by_status(self) -> dict[OrderStatus, int]:
        return {status: self.counts.get(status, 0) for status in OrderStatus}


class FakeUnitOfWork(UnitOfWork):
    """All repositories in memory. What a rule changed is there at once; `commits` tells how often
    it was made to last.
    """

    customers: FakeCustomers
    refresh_tokens: FakeRefreshTokens
    products: FakeProducts
    images: FakeImages
    orders: FakeOrders
    payments: FakePayments
    outbox: FakeOutbox
    reports: FakeReports

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.customers = FakeCustomers(self.clock)
        self.refresh_tokens = FakeRefreshTokens(self.clock)
        self.products = FakeProducts(self.clock)
        self.images = FakeImages(self.clock)
        self.payments = FakePayments(self.clock)
        self.orders = FakeOrders(self.clock, self.payments)
        self.outbox = FakeOutbox(self.clock)
        self.reports = FakeReports()
        self.commits = 0
        self.rollbacks = 0

    async def commit(self) -> None:
        """Count."""
        self.commits += 1

    async def rollback(self) -> None:
        """Count."""
        self.rollbacks += 1
