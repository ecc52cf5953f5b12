"""The catalogue over HTTP, down to the rows."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pytest_greenfield.query_log import QueryLog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.models.product import Product
from backend.tests.factories.shop import OrderFactory, OrderLineFactory, ProductFactory

URL = "/api/v1/products"
MUG = {"sku": "MUG-1", "name": "Mug", "price": "8.50", "stock": 3}


async def names(client: httpx2.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get(URL, params=params)
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["items"]]


class TestAdd:
    async def test_writes_a_row_and_returns_it(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        answer = await admin_client.post(URL, json=MUG)
        assert answer.status_code == 201
        row = await db_session.get_one(Product, answer.json()["id"])
        assert (row.sku, row.name, row.price, row.stock) == ("MUG-1", "Mug", Decimal("8.50"), 3)
        assert answer.json()["price"] == "8.50"
        assert answer.json()["description"] is None

    async def test_refuses_invalid_input_and_writes_nothing(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        wrong: list[tuple[str, object]] = [
            ("name", ""),
            ("name", "   "),
            ("name", "x" * 121),
            ("name", "a\x00b"),
            ("sku", "lower"),
            ("description", "x" * 5001),
            ("price", "0"),
            ("price", "1.999"),
            ("price", "123456789.00"),
            ("price", "NaN"),
            ("stock", -1),
            ("colour", "red"),
        ]
        for field, value in wrong:
            answer = await admin_client.post(URL, json=MUG | {field: value})
            assert answer.status_code == 422, (field, value)
            assert answer.json()["code"] == "validation_failed"
            assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]
        assert await db_session.scalar(select(func.count()).select_from(Product)) == 0

    async def test_the_longest_texts_are_kept_whole(self, admin_client: httpx2.AsyncClient) -> None:
        longest = MUG | {"sku": "S" * 40, "name": "ä" * 120, "description": "d" * 5000}
        answer = await admin_client.post(URL, json=longest)
        assert answer.status_code == 201
        read = (await admin_client.get(f"{URL}/{answer.json()['id']}")).json()
        assert {key: read[key] for key in longest} == longest

    async def test_a_taken_sku_is_a_conflict(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        await ProductFactory.create(db_session, sku="MUG-1", name="First")
        answer = await admin_client.post(URL, json=MUG)
        assert (answer.status_code, answer.json()["detail"]) == (409, "This SKU is taken.")
        assert (
            await db_session.scalar(select(Product.name).where(Product.sku == "MUG-1")) == "First"
        )


class TestRead:
    async def test_a_missing_product_is_a_404_with_a_body(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get(f"{URL}/{uuid4()}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no such product."
        assert answer.json()["code"] == "not_found"

    async def test_one_not_for_sale_looks_missing(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        hidden = await ProductFactory.create(db_session, active=False)
        assert (await client.get(f"{URL}/{hidden.id}")).status_code == 404

    async def test_an_invalid_id_is_a_422(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get(f"{URL}/17")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["path", "product_id"]


class TestList:
    @pytest.fixture(autouse=True)
    async def _shelf(self, db_session: AsyncSession) -> None:
        for name, price, stock in (("Red mug", 5, 0), ("Blue mug", 9, 2), ("100% tea", 20, 7)):
            await ProductFactory.create(
                db_session, name=name, price=Decimal(price), stock=stock, sku=name[:3].upper()
            )
        await ProductFactory.create(db_session, name="Hidden mug", active=False)

    async def test_filters_what_is_for_sale_newest_first(self, client: httpx2.AsyncClient) -> None:
        async def found(**params: Any) -> list[str]:
            return await names(client, **params)

        assert await found() == ["100% tea", "Blue mug", "Red mug"]
        assert await found(search="MUG") == ["Blue mug", "Red mug"]
        assert await found(search="%") == ["100% tea"]
        assert await found(search="_") == []
        assert await found(min_price="9") == ["100% tea", "Blue mug"]
        assert await found(min_price="6", max_price="9.00") == ["Blue mug"]
        assert await found(in_stock=True) == ["100% tea", "Blue mug"]
        assert await found(in_stock=False) == ["Red mug"]
        assert await found(search="mug", in_stock=True, max_price="8") == []

    async def test_refuses_invalid_parameters(self, client: httpx2.AsyncClient) -> None:
        wrong: list[tuple[str, str | int]] = [
            ("limit", 0),
            ("limit", 101),
            ("cursor", "nonsense"),
            ("search", ""),
            ("min_price", "-1"),
        ]
        for field, value in wrong:
            answer = await client.get(URL, params={field: value})
            assert answer.status_code == 422, (field, value)
            assert answer.json()["errors"][0]["loc"] == ["query", field]

    async def test_takes_one_statement_for_any_number_of_products(
        self, client: httpx2.AsyncClient, query_log: QueryLog
    ) -> None:
        with query_log.at_most(1):
            assert len(await names(client)) == 3


class TestPages:
    async def test_pages_have_no_gaps_or_duplicates_while_rows_are_added(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        await ProductFactory.create_batch(db_session, 5)
        expected = await names(client)
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 2}
        while True:
            page = (await client.get(URL, params=params)).json()
            seen += [product["name"] for product in page["items"]]
            if page["next_cursor"] is None:
                break
            await ProductFactory.create(db_session, name="came in between")
            params["cursor"] = page["next_cursor"]
        assert seen == expected

    async def test_a_deleted_row_shifts_nothing(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        products = await ProductFactory.create_batch(db_session, 4)
        first = (await client.get(URL, params={"limit": 2})).json()
        await db_session.delete(products[3])  # the newest, which was on the first page
        await db_session.commit()
        rest = await names(client, limit=2, cursor=first["next_cursor"])
        assert rest == [products[1].name, products[0].name]


class TestChange:
    async def test_changes_what_was_sent_and_nothing_else(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        product = await ProductFactory.create(db_session, description="old", stock=4)
        before = (await admin_client.get(f"{URL}/{product.id}")).json()
        answer = await admin_client.patch(f"{URL}/{product.id}", json={"price": "12.00"})
        assert answer.status_code == 200
        after = answer.json()
        assert after.pop("updated_at") > before.pop("updated_at")
        assert after == before | {"price": "12.00"}

    async def test_null_clears_optional_fields(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        product = await ProductFactory.create(db_session, description="old")
        url = f"{URL}/{product.id}"
        answer = await admin_client.patch(url, json={"description": None})
        assert answer.json()["description"] is None
        refused = await admin_client.patch(url, json={"name": None})
        assert refused.status_code == 422

    async def test_an_sku_of_another_product_is_a_conflict_and_changes_nothing(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        await ProductFactory.create(db_session, sku="TAKEN")
        product = await ProductFactory.create(db_session, sku="MINE", stock=1)
        answer = await admin_client.patch(f"{URL}/{product.id}", json={"sku": "TAKEN", "stock": 99})
        assert answer.status_code == 409
        await db_session.refresh(product)
        assert (product.sku, product.stock) == ("MINE", 1)

    async def test_is_visible_in_the_cached_list_at_once(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        product = await ProductFactory.create(db_session, name="Old name")
        assert await names(admin_client) == ["Old name"]
        await admin_client.patch(f"{URL}/{product.id}", json={"name": "New name"})
        assert await names(admin_client) == ["New name"]


class TestRemove:
    async def test_deletes_a_product_that_was_never_ordered(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        product = await ProductFactory.create(db_session)
        assert (await admin_client.delete(f"{URL}/{product.id}")).status_code == 204
        assert (await admin_client.delete(f"{URL}/{product.id}")).status_code == 404

    async def test_keeps_one_that_was_ordered(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        product = await ProductFactory.create(db_session)
        await OrderFactory.create(db_session, lines=[OrderLineFactory.build(product_id=product.id)])
        answer = await admin_client.delete(f"{URL}/{product.id}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert (await admin_client.get(f"{URL}/{product.id}")).status_code == 200
