"""The catalogue."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pytest_greenfield.query_log import QueryLog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.features.graphql.client import GraphQLClient

PRODUCT = "query ($id: UUID!) { product(id: $id) { id name price } }"
PRODUCTS = """
query ($filter: ProductFilter, $cursor: String, $limit: Int! = 20) {
  products(filter: $filter, cursor: $cursor, limit: $limit) { items { name } nextCursor }
}
"""


def names(page: Any) -> list[str]:
    return [item["name"] for item in page["items"]]


async def test_one_product(graphql_client: GraphQLClient, db_session: AsyncSession) -> None:
    product = await ProductFactory.create(db_session)
    answer = await graphql_client(PRODUCT, {"id": str(product.id)})
    assert answer.data == {
        "product": {"id": str(product.id), "name": product.name, "price": "9.99"}
    }


async def test_a_product_not_for_sale_is_not_found(
    graphql_client: GraphQLClient, db_session: AsyncSession
) -> None:
    hidden = await ProductFactory.create(db_session, active=False)
    for key in (hidden.id, uuid4()):
        answer = await graphql_client(PRODUCT, {"id": str(key)})
        assert answer.codes == ["not_found"]


async def test_pages_cover_all_matches(
    graphql_client: GraphQLClient, db_session: AsyncSession
) -> None:
    for number in range(5):
        price = Decimal(number + 1)
        await ProductFactory.create(db_session, name=f"Mug {number}", price=price)
    await ProductFactory.create(db_session, name="Teapot")
    wanted: dict[str, Any] = {"filter": {"search": "mug", "maxPrice": "4"}, "limit": 3}
    first = (await graphql_client(PRODUCTS, wanted)).data["products"]
    assert names(first) == ["Mug 3", "Mug 2", "Mug 1"]
    second = (await graphql_client(PRODUCTS, {**wanted, "cursor": first["nextCursor"]})).data
    assert second["products"] == {"items": [{"name": "Mug 0"}], "nextCursor": None}


@pytest.mark.parametrize(
    ("variables", "params"),
    [
        ({"limit": 0}, {"limit": 0}),
        ({"limit": 101}, {"limit": 101}),
        ({"cursor": "nonsense"}, {"cursor": "nonsense"}),
        ({"filter": {"search": ""}}, {"search": ""}),
        ({"filter": {"search": "\0"}}, {"search": "\0"}),
        ({"filter": {"minPrice": "-1"}}, {"min_price": "-1"}),
        ({"filter": {"minPrice": "1.234"}}, {"min_price": "1.234"}),
    ],
)
async def test_arguments_are_validated_like_in_rest(
    graphql_client: GraphQLClient,
    client: httpx2.AsyncClient,
    variables: dict[str, Any],
    params: dict[str, Any],
) -> None:
    rest = (await client.get("/api/v1/products", params=params)).json()
    (error,) = (await graphql_client(PRODUCTS, variables)).errors
    assert error["extensions"]["code"] == rest["code"] == "validation_failed"
    (ours,), (theirs,) = error["extensions"]["errors"], rest["errors"]
    assert (ours["msg"], ours["type"]) == (theirs["msg"], theirs["type"])


async def test_sibling_fields_run_in_sequence_and_products_are_batched(
    graphql_client: GraphQLClient, db_session: AsyncSession, query_log: QueryLog
) -> None:
    """A shared session would raise an error; loading per field would take five statements."""
    products = await ProductFactory.create_batch(db_session, 4)
    fields = [f'p{n}: product(id: "{one.id}") {{ name }}' for n, one in enumerate(products)]
    query_log.clear()
    answer = await graphql_client(f"{{ {' '.join(fields)} products {{ items {{ name }} }} }}")
    assert answer.errors == []
    assert [answer.data[f"p{n}"]["name"] for n in range(4)] == [one.name for one in products]
    assert len(answer.data["products"]["items"]) == 4
    assert query_log.count == 2
