"""The limits of an operation."""

from pydantic import Field

from backend.core.settings import AppSettings


class GraphQLSettings(AppSettings):
    """How large an operation may be. `limits.py` says how depth and cost are counted."""

    graphql_max_depth: int = Field(default=8, ge=1)
    graphql_max_cost: int = Field(default=5000, ge=1)
    graphql_max_tokens: int = Field(default=2000, ge=1, description="Words and marks of a text.")
    graphql_max_subscriptions: int = Field(default=20, ge=1, description="At once, a WebSocket.")
