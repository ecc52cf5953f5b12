"""The caller's account."""

import httpx2
import pytest
from pytest_greenfield.query_log import QueryLog

from backend.accounts.models.customer import Customer
from backend.tests.fixtures.features.graphql.accounts.tokens import TokenOf
from backend.tests.fixtures.features.graphql.client import GraphQLClient

ME = "{ me { id email role } }"


async def test_a_token_identifies_the_account(
    graphql_client: GraphQLClient, token_of: TokenOf, customer: Customer
) -> None:
    answer = await graphql_client(ME, token=token_of(customer))
    assert answer.data == {
        "me": {"id": str(customer.id), "email": customer.email, "role": "CUSTOMER"}
    }


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_others_get_the_same_code_as_in_rest(
    graphql_client: GraphQLClient, client: httpx2.AsyncClient, token: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    rest = (await client.get("/api/v1/auth/me", headers=headers)).json()
    answer = await graphql_client(ME, token=token)
    (error,) = answer.errors
    assert (error["message"], error["path"]) == (rest["detail"], ["me"])
    assert error["extensions"]["code"] == rest["code"] == "not_authenticated"
    assert answer.data is None


async def test_sibling_fields_authenticate_once(
    graphql_client: GraphQLClient,
    token_of: TokenOf,
    customer: Customer,
    query_log: QueryLog,
) -> None:
    token = token_of(customer)
    query_log.clear()
    answer = await graphql_client("{ a: me { id } b: me { id } c: me { id } }", token=token)
    assert answer.data == {name: {"id": str(customer.id)} for name in "abc"}
    assert query_log.count == 1
