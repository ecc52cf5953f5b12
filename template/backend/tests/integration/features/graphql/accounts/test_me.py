"""Who is asking."""

import httpx2
import pytest

from backend.accounts.models.customer import Customer
from backend.tests.fixtures.features.graphql.client import GraphQLClient

ME = "{ me { id email role } }"


async def test_who_has_a_token_is_somebody(
    graphql_client: GraphQLClient, authenticated_client: httpx2.AsyncClient, customer: Customer
) -> None:
    token = authenticated_client.headers["Authorization"].removeprefix("Bearer ")
    answer = await graphql_client(ME, token=token)
    assert answer.data == {
        "me": {"id": str(customer.id), "email": customer.email, "role": "CUSTOMER"}
    }


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_others_are_told_the_code_that_rest_tells(
    graphql_client: GraphQLClient, client: httpx2.AsyncClient, token: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    rest = (await client.get("/api/v1/auth/me", headers=headers)).json()
    answer = await graphql_client(ME, token=token)
    (error,) = answer.errors
    assert (error["message"], error["path"]) == (rest["detail"], ["me"])
    assert error["extensions"]["code"] == rest["code"] == "not_authenticated"
    assert answer.data is None
