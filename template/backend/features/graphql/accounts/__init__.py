"""GraphQL for accounts: authentication and the caller's account."""

from fastapi import FastAPI

from backend.features.graphql.accounts.auth import get_customer
from backend.features.graphql.accounts.types import AccountsQuery
from backend.features.graphql.schema import Roots


def install(app: FastAPI) -> None:
    """Add the query; require authentication for WebSockets."""
    roots: Roots = app.state.graphql
    roots.queries.append(AccountsQuery)
    roots.admit = get_customer
