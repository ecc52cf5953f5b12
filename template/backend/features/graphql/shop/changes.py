"""Subscriptions to changes of orders."""

import asyncio
from collections.abc import AsyncIterator

import strawberry

from backend.accounts.adapters.security import TokenKind
from backend.accounts.services.container import AccountsContainer
from backend.core.errors import AuthenticationError, UnavailableError
from backend.features.graphql.context import Info, OperationContext
from backend.features.graphql.shop.orders import Order
from backend.features.graphql.shop.queries import Id, get_shop, read_order
from backend.shop.adapters.events import BusClosedError, SlowConsumerError, Subscription
from backend.shop.services.order_events import make_topic


@strawberry.type
class ShopSubscription:
    """Events of the shop. A waiting subscription holds no database connection."""

    @strawberry.subscription
    async def order_changes(self, info: Info, order_id: Id) -> AsyncIterator[Order]:
        """An order now and after each change. Ends when the token expires."""
        context = info.context
        async with get_shop(context).bus.subscribe() as subscription:
            subscription.add(make_topic(order_id))
            while True:  # read after subscribing, so that no change is missed
                context.forget_rows()
                yield await read_order(context, order_id)
                await _next_event(context, subscription)


async def _next_event(context: OperationContext, subscription: Subscription) -> None:
    """Wait for an event.

    Raises:
        AuthenticationError: The token has expired.
        UnavailableError: Events were lost, or the server is stopping.
    """
    accounts: AccountsContainer = context.app.state.accounts
    claims = accounts.tokens.check(context.connection.token or "", TokenKind.ACCESS)
    left = (claims.expires_at - accounts.clock()).total_seconds()
    try:
        await asyncio.wait_for(subscription.get(), left)
    except TimeoutError as error:
        raise AuthenticationError("The token has expired.") from error
    except SlowConsumerError as error:
        raise UnavailableError("Changes were lost: subscribe again.") from error
    except BusClosedError as error:
        raise UnavailableError("The server is stopping: subscribe again.") from error
