"""The schema: one query, and what the domains add to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import ExecutionContext

from backend.features.graphql.context import OperationContext
from backend.features.graphql.errors import log_unexpected, show
from backend.features.graphql.operation import Boundary
from backend.features.graphql.service import ServiceQuery


@dataclass
class Roots:
    """Classes whose fields are the roots of the schema. Domains add theirs in their `install`."""

    queries: list[type] = field(default_factory=lambda: [ServiceQuery])
    mutations: list[type] = field(default_factory=list)
    subscriptions: list[type] = field(default_factory=list)
    admit: Callable[[OperationContext], Awaitable[object]] | None = None
    """Raises an AppError for a WebSocket that may not be opened."""

    def build(self, *, suggest: bool) -> "Schema":
        """Make the schema, or return the one that was made of the same classes.

        Args:
            suggest: Whether errors may name fields that the client did not know.
        """
        roots = (tuple(self.queries), tuple(self.mutations), tuple(self.subscriptions))
        return _build(*roots, suggest=suggest)


class Schema(strawberry.Schema):
    """A schema that logs and shows errors in the application's way."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log what clients are not told, and replace each error by what they are told."""
        log_unexpected(errors)
        context = getattr(execution_context, "context", None)
        request_id = (
            context.connection.request_id if isinstance(context, OperationContext) else None
        )
        errors[:] = [show(error, request_id) for error in errors]


@cache
def _build(
    queries: tuple[type, ...],
    mutations: tuple[type, ...],
    subscriptions: tuple[type, ...],
    *,
    suggest: bool,
) -> Schema:
    return Schema(
        merge_types("Query", queries),
        merge_types("Mutation", mutations) if mutations else None,
        merge_types("Subscription", subscriptions) if subscriptions else None,
        extensions=[Boundary],
        config=StrawberryConfig(disable_field_suggestions=not suggest),
    )
