"""The catalogue."""

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.features.graphql.client import GraphQLClient

PRODUCT = "query ($id: UUID!) { product(id: $id) { id name price } }"


async def test_one_product(graphql_client: GraphQLClient, db_session: AsyncSession) -> None:
    product = await ProductFactory.create(db_session)
    answer = await graphql_client(PRODUCT, {"id": str(product.id)})
    assert answer.data == {
        "product": {"id": str(product.id), "name": product.name, "price": "9.99"}
    }


async def test_what_is_not_for_sale_is_not_found(
    graphql_client: GraphQLClient, db_session: AsyncSession
) -> None:
    hidden = await ProductFactory.create(db_session, active=False)
    for key in (hidden.id, uuid4()):
        answer = await graphql_client(PRODUCT, {"id": str(key)})
        assert answer.codes == ["not_found"]
