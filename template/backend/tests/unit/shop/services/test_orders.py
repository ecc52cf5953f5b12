"""Orders: stock, prices and permissions."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.accounts.models.customer import Customer
from backend.core.errors import ConflictError, NotFoundError, ValidationFailedError
from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.product import Product
from backend.shop.repositories.orders import OrderFilter
from backend.shop.services.orders import (
    OrderItem,
    OrderService,
    OutOfStockError,
    add_up,
    restore_stock,
    take_stock,
)
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory, PaymentFactory, ProductFactory
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork

prices = st.decimals(Decimal("0.01"), Decimal("99999999.99"), places=2)
quantities = st.integers(1, 1000)
few = settings(max_examples=25, deadline=None)


def make_product(price: Decimal = Decimal("1.00"), stock: int = 10) -> Product:
    return Product(id=uuid4(), name="Mug", price=price, stock=stock, active=True)


def by_id(*products: Product) -> dict[UUID, Product]:
    return {product.id: product for product in products}


class TestMoney:
    @pytest.mark.usefixtures("hypothesis_ready")
    @pytest.mark.slow  # under coverage, and more so in a large project
    @given(st.lists(st.tuples(prices, quantities), max_size=20))
    @few
    def test_a_total_is_exact_to_the_cent(self, lines: list[tuple[Decimal, int]]) -> None:
        total = add_up(OrderLine(unit_price=price, quantity=count) for price, count in lines)
        assert total.as_tuple().exponent == -2
        assert int(total * 100) == sum(int(price * 100) * count for price, count in lines)

    @pytest.mark.usefixtures("hypothesis_ready")
    @pytest.mark.slow  # under coverage, and more so in a large project
    @given(st.lists(st.tuples(prices, quantities), max_size=10))
    @few
    def test_the_order_of_lines_does_not_matter(self, lines: list[tuple[Decimal, int]]) -> None:
        made = [OrderLine(unit_price=price, quantity=count) for price, count in lines]
        assert add_up(made) == add_up(reversed(made))


class TestStock:
    @pytest.mark.usefixtures("hypothesis_ready")
    @pytest.mark.slow  # under coverage, and more so in a large project
    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=6))
    @few
    def test_stock_is_taken_all_or_nothing(self, pairs: list[tuple[int, int]]) -> None:
        products = [make_product(stock=stock) for stock, _ in pairs]
        wanted = [OrderItem(p.id, want) for p, (_, want) in zip(products, pairs, strict=True)]
        if all(want <= stock for stock, want in pairs):
            lines = take_stock(by_id(*products), wanted)
            assert [line.quantity for line in lines] == [want for _, want in pairs]
            assert [p.stock for p in products] == [stock - want for stock, want in pairs]
        else:
            with pytest.raises(OutOfStockError):
                take_stock(by_id(*products), wanted)
            assert [p.stock for p in products] == [stock for stock, _ in pairs]

    @pytest.mark.usefixtures("hypothesis_ready")
    @pytest.mark.slow  # under coverage, and more so in a large project
    @given(st.lists(st.integers(1, 10), min_size=1, max_size=6))
    @few
    def test_restoring_reverses_taking(self, counts: list[int]) -> None:
        products = [make_product(stock=10) for _ in counts]
        wanted = [OrderItem(p.id, count) for p, count in zip(products, counts, strict=True)]
        order = Order(lines=take_stock(by_id(*products), wanted))
        restore_stock(by_id(*products), [order])
        assert [product.stock for product in products] == [10] * len(counts)

    def test_a_line_keeps_its_price(self) -> None:
        product = make_product(price=Decimal("3.00"))
        (line,) = take_stock(by_id(product), [OrderItem(product.id, 2)])
        product.price = Decimal("9.00")
        assert line.unit_price == Decimal("3.00")

    def test_the_last_piece_can_be_taken(self) -> None:
        product = make_product(stock=1)
        take_stock(by_id(product), [OrderItem(product.id, 1)])
        assert product.stock == 0

    def test_a_product_not_for_sale_looks_missing(self) -> None:
        product = make_product()
        product.active = False
        with pytest.raises(NotFoundError):
            take_stock(by_id(product), [OrderItem(product.id, 1)])
        with pytest.raises(NotFoundError):
            take_stock({}, [OrderItem(product.id, 1)])


@pytest.fixture
def orders(fake_shop: FakeShop, uow: FakeShopUnitOfWork) -> OrderService:
    return fake_shop.shop.orders(uow)


@pytest.fixture
async def product(uow: FakeShopUnitOfWork) -> Product:
    product = ProductFactory.build(price=Decimal("2.50"), stock=5)
    await uow.products.add(product)
    return product


@pytest.fixture
async def order(orders: OrderService, customer: Customer, product: Product) -> Order:
    return await orders.place(customer, [OrderItem(product.id, 2)])


class TestPlace:
    async def test_it_takes_the_stock_and_publishes_an_event(
        self, order: Order, product: Product, customer: Customer, uow: FakeShopUnitOfWork
    ) -> None:
        assert (order.customer_id, order.status) == (customer.id, OrderStatus.PENDING)
        assert order.total == Decimal("5.00")
        assert product.stock == 3
        assert uow.outbox.types == ["order.pending"]
        assert uow.commits == 1

    async def test_products_are_always_locked_in_the_same_order(
        self, orders: OrderService, customer: Customer, uow: FakeShopUnitOfWork
    ) -> None:
        products = [ProductFactory.build() for _ in range(3)]
        for product in products:
            await uow.products.add(product)
        await orders.place(customer, [OrderItem(product.id, 1) for product in products])
        assert uow.products.locked == sorted(product.id for product in products)

    async def test_too_little_stock_changes_nothing(
        self, orders: OrderService, customer: Customer, product: Product, uow: FakeShopUnitOfWork
    ) -> None:
        with pytest.raises(OutOfStockError, match="Only 5"):
            await orders.place(customer, [OrderItem(product.id, 6)])
        assert (product.stock, uow.commits, uow.outbox.types) == (5, 0, [])

    async def test_an_order_may_cost_at_most_the_columns_limit(
        self, orders: OrderService, customer: Customer, product: Product, uow: FakeShopUnitOfWork
    ) -> None:
        product.price = Decimal("99999999.99")
        assert await orders.place(customer, [OrderItem(product.id, 1)])
        with pytest.raises(ValidationFailedError):
            await orders.place(customer, [OrderItem(product.id, 2)])
        assert uow.commits == 1


class TestGet:
    async def test_customers_read_their_own_and_admins_any(
        self, orders: OrderService, order: Order, customer: Customer, admin: Customer
    ) -> None:
        assert await orders.get(order.id, viewer=customer) is order
        assert await orders.get(order.id, viewer=admin) is order

    async def test_another_customers_order_looks_missing(
        self, orders: OrderService, order: Order
    ) -> None:
        stranger = CustomerFactory.build()
        answers = set()
        for order_id in (order.id, uuid4()):
            with pytest.raises(NotFoundError) as refusal:
                await orders.get(order_id, viewer=stranger)
            answers.add(refusal.value.message)
        assert len(answers) == 1


class TestList:
    async def test_it_filters(self, orders: OrderService, order: Order) -> None:
        page = await orders.list(OrderFilter(customer_id=order.customer_id))
        assert page.items == [order]
        assert (await orders.list(OrderFilter(status=OrderStatus.PAID))).items == []

    async def test_a_range_must_end_after_it_starts(self, orders: OrderService) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        with pytest.raises(ValidationFailedError):
            await orders.list(OrderFilter(created_from=moment, created_before=moment))


class TestCancel:
    async def test_it_restores_the_stock_and_publishes_an_event(
        self,
        orders: OrderService,
        order: Order,
        customer: Customer,
        product: Product,
        uow: FakeShopUnitOfWork,
    ) -> None:
        await orders.cancel(order.id, by=customer)
        assert order.status is OrderStatus.CANCELLED
        assert product.stock == 5
        assert uow.outbox.types == ["order.pending", "order.cancelled"]

    async def test_cancelling_twice_restores_once(
        self, orders: OrderService, order: Order, customer: Customer, product: Product
    ) -> None:
        await orders.cancel(order.id, by=customer)
        with pytest.raises(ConflictError):
            await orders.cancel(order.id, by=customer)
        assert product.stock == 5

    @pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.PENDING}))
    async def test_only_a_pending_order_can_be_cancelled(
        self, orders: OrderService, order: Order, customer: Customer, status: OrderStatus
    ) -> None:
        order.status = status
        with pytest.raises(ConflictError, match=status):
            await orders.cancel(order.id, by=customer)

    async def test_not_while_a_payment_is_in_progress(
        self, orders: OrderService, order: Order, customer: Customer, uow: FakeShopUnitOfWork
    ) -> None:
        await uow.payments.add(PaymentFactory.build(order=order))
        with pytest.raises(ConflictError, match="payment"):
            await orders.cancel(order.id, by=customer)

    async def test_not_by_somebody_else(self, orders: OrderService, order: Order) -> None:
        with pytest.raises(NotFoundError):
            await orders.cancel(order.id, by=CustomerFactory.build())
        assert order.status is OrderStatus.PENDING


class TestShip:
    async def test_a_paid_order_is_shipped(
        self, orders: OrderService, uow: FakeShopUnitOfWork, admin: Customer
    ) -> None:
        order = OrderFactory.build(paid=True)
        await uow.orders.add(order)
        assert (await orders.ship(order.id, by=admin)).status is OrderStatus.SHIPPED
        assert uow.outbox.types == ["order.shipped"]

    @pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.PAID}))
    async def test_no_other_does(
        self, orders: OrderService, order: Order, admin: Customer, status: OrderStatus
    ) -> None:
        order.status = status
        with pytest.raises(ConflictError, match=status):
            await orders.ship(order.id, by=admin)
