"""The limits of an operation."""

from pydantic import Field

from backend.core.settings import AppSettings


class GraphQLSettings(AppSettings):
    """The maximum size of an operation. `limits.py` defines depth and cost."""

    graphql_max_depth: int = Field(default=8, ge=1)
    graphql_max_cost: int = Field(default=5000, ge=1)
    graphql_max_tokens: int = Field(default=2000, ge=1, description="Tokens in a document.")
    graphql_max_subscriptions: int = Field(default=20, ge=1, description="Per WebSocket.")
