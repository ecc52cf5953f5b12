"""GraphQL for the shop, on the same services as REST."""

from fastapi import FastAPI

from backend.features.graphql.schema import Roots
from backend.features.graphql.shop.changes import ShopSubscription
from backend.features.graphql.shop.mutations import ShopMutation
from backend.features.graphql.shop.queries import ShopQuery


def install(app: FastAPI) -> None:
    """Add queries, mutations and subscriptions."""
    roots: Roots = app.state.graphql
    roots.queries.append(ShopQuery)
    roots.mutations.append(ShopMutation)
    roots.subscriptions.append(ShopSubscription)
