"""The repositories of the shop in memory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from backend.accounts.paging import Page
from backend.core.errors import ConflictError
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product, ProductImage
from backend.shop.repositories.orders import OrderFilter, OrderRepository
from backend.shop.repositories.outbox import OutboxRepository
from backend.shop.repositories.payments import PaymentRepository
from backend.shop.repositories.products import (
    ProductFilter,
    ProductImageRepository,
    ProductRepository,
)
from backend.shop.repositories.reports import DaySales, ProductSales, ReportRepository
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.fakes.accounts.repositories import FakeRepository, Table, paginate
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork
from backend.tests.fakes.clock import FakeClock

ACTIVE = (PaymentStatus.PENDING, PaymentStatus.SUCCEEDED)


class FakeProducts(FakeRepository, ProductRepository):
    """Products in memory; `locked` records the order of locking."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Product](clock)
        self.locked: list[UUID] = []
        self.ordered: set[UUID] = set()

    async def add(self, product: Product) -> None:
        self._check_sku(product)
        self.table.put(product)

    async def get(self, product_id: UUID) -> Product | None:
        return self.table.rows.get(product_id)

    async def find(self, product_ids: Iterable[UUID]) -> Sequence[Product]:
        return [self.table.rows[key] for key in set(product_ids) & self.table.rows.keys()]

    async def list(
        self, filters: ProductFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Product]:
        rows = [row for row in self.table.rows.values() if _matches(row, filters)]
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


def _matches(product: Product, filters: ProductFilter) -> bool:
    return (
        filters.active in {None, product.active}
        and (filters.search or "").lower() in product.name.lower()
        and (filters.min_price is None or product.price >= filters.min_price)
        and (filters.max_price is None or product.price <= filters.max_price)
        and filters.in_stock in {None, product.stock > 0}
    )


class FakeImages(FakeRepository, ProductImageRepository):
    """Image rows in memory; `failure` is raised instead of adding one."""

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


class FakeOrders(FakeRepository, OrderRepository):
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
        self, filters: OrderFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Order]:
        rows = [
            row
            for row in self.table.rows.values()
            if filters.customer_id in {None, row.customer_id}
            and filters.status in {None, row.status}
            and (filters.created_from is None or row.created_at >= filters.created_from)
            and (filters.created_before is None or row.created_at < filters.created_before)
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


class FakePayments(FakeRepository, PaymentRepository):
    """Payments in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Payment](clock)

    async def add(self, payment: Payment) -> None:
        key_used = await self.find_by_key(payment.idempotency_key)
        if key_used or (payment.status in ACTIVE and await self.find_active(payment.order_id)):
            raise ConflictError("Another payment of this order is in progress.")
        self.table.put(payment)

    async def find_by_key(self, idempotency_key: str) -> Payment | None:
        return next(iter(self.table.where(idempotency_key=idempotency_key)), None)

    async def find_active(self, order_id: UUID) -> Payment | None:
        rows = self.table.where(order_id=order_id)
        return next((row for row in rows if row.status in ACTIVE), None)

    async def list(self, order_id: UUID) -> Sequence[Payment]:
        return self.table.where(order_id=order_id)

    async def list_pending(self, updated_before: datetime, *, limit: int) -> Sequence[Payment]:
        rows = self.table.where(status=PaymentStatus.PENDING)
        return [row for row in rows if row.updated_at < updated_before][:limit]

    async def lock(self, payment_id: UUID) -> Payment | None:
        return self.table.rows.get(payment_id)

    async def flush(self, payment: Payment) -> None:
        self.table.put(payment)


class FakeOutbox(FakeRepository, OutboxRepository):
    """The outbox in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[OutboxEvent](clock)

    @property
    def types(self) -> list[str]:
        """The types of the events, oldest first."""
        return [row.type for row in self.table.where()]

    async def add(self, event: OutboxEvent) -> None:
        self.table.put(event)

    async def lock_due(self, now: datetime, *, limit: int) -> Sequence[OutboxEvent]:
        rows = self.table.where(status=OutboxStatus.PENDING)
        return [row for row in rows if (row.available_at or now) <= now][:limit]

    async def lock(self, event_id: UUID) -> OutboxEvent | None:
        return self.table.rows.get(event_id)

    async def list_dead_letters(
        self, *, cursor: str | None = None, limit: int = 20
    ) -> Page[OutboxEvent]:
        return paginate(self.table.where(status=OutboxStatus.DEAD), cursor, limit)

    async def flush(self) -> None:
        """Do nothing."""


class FakeReports(FakeRepository, ReportRepository):
    """Results set by a test."""

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


class FakeShopUnitOfWork(FakeAccountsUnitOfWork, ShopUnitOfWork):
    """All repositories of the shop and of accounts."""

    products: FakeProducts
    images: FakeImages
    orders: FakeOrders
    payments: FakePayments
    outbox: FakeOutbox
    reports: FakeReports

    def __init__(self, clock: FakeClock | None = None) -> None:
        FakeAccountsUnitOfWork.__init__(self, clock)
        self.products = FakeProducts(self.clock)
        self.images = FakeImages(self.clock)
        self.payments = FakePayments(self.clock)
        self.orders = FakeOrders(self.clock, self.payments)
        self.outbox = FakeOutbox(self.clock)
        self.reports = FakeReports()
