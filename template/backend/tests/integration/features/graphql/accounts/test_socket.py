"""WebSockets require authentication."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.tests.fixtures.features.graphql.accounts.tokens import TokenOf
from backend.tests.fixtures.features.graphql.client import PATH
from backend.tests.fixtures.features.graphql.socket import (
    PROTOCOL,
    GraphQLSocket,
    first_message,
    subscribe,
)
from backend.tests.fixtures.websocket import Connect, WebSocketClosed


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_others_are_rejected(websocket_client: Connect, token: str | None) -> None:
    async with websocket_client(PATH, subprotocols=[PROTOCOL]) as socket:
        await socket.send_json(first_message(token))
        with pytest.raises(WebSocketClosed) as closed:
            await socket.receive_json()
    assert closed.value.code == 4403


async def test_a_page_of_another_origin_gets_no_socket(websocket_client: Connect) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    with pytest.raises(WebSocketClosed):
        async with websocket_client(PATH, subprotocols=[PROTOCOL], headers=headers):
            pass


async def test_each_operation_has_its_own_context(
    graphql_socket: GraphQLSocket, token_of: TokenOf, customer: Customer, db_session: AsyncSession
) -> None:
    """The second operation does not see rows cached by the first."""
    async with graphql_socket(token_of(customer)) as socket:
        names = []
        for operation in ("1", "2"):
            await socket.send_json(subscribe("{ me { fullName } }", id=operation))
            names.append((await socket.receive_json())["payload"]["data"]["me"]["fullName"])
            assert await socket.receive_json() == {"id": operation, "type": "complete"}
            customer.full_name = "Grace Hopper"
            db_session.add(customer)
            await db_session.commit()
    assert names[0] != "Grace Hopper"
    assert names[1] == "Grace Hopper"


async def test_a_message_that_is_too_large_ends_the_connection(
    graphql_socket: GraphQLSocket, token_of: TokenOf, customer: Customer
) -> None:
    async with graphql_socket(token_of(customer)) as socket:
        await socket.send_json(subscribe("#" * 1024 * 1024))
        with pytest.raises(WebSocketClosed) as closed:
            await socket.receive_json()
    assert closed.value.code == 4400


async def test_an_error_on_a_socket_has_the_same_format(
    graphql_socket: GraphQLSocket, token_of: TokenOf, customer: Customer
) -> None:
    async with graphql_socket(token_of(customer)) as socket:
        await socket.send_json(subscribe("{ nothing }"))
        answer = await socket.receive_json()
    assert answer["type"] == "error"
    assert answer["payload"][0]["extensions"]["code"] == "validation_failed"
