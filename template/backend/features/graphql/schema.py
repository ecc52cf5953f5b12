"""The schema: the service query, and the fields that domains add."""

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
    """Classes whose fields form the root types. Domains add theirs in `install`."""

    queries: list[type] = field(default_factory=lambda: [ServiceQuery])
    mutations: list[type] = field(default_factory=list)
    subscriptions: list[type] = field(default_factory=list)
    admit: Callable[[OperationContext], Awaitable[object]] | None = None
    """Raises an AppError if the WebSocket may not be opened."""

    def build(self, *, suggest: bool) -> "Schema":
        """Build the schema, or return the one already built from these classes.

        Args:
            suggest: Whether errors may suggest field names.
        """
        roots = (tuple(self.queries), tuple(self.mutations), tuple(self.subscriptions))
        return _build(*roots, suggest=suggest)


class Schema(strawberry.Schema):
    """A schema that logs and formats errors like the rest of the application."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log unexpected exceptions, and replace each error with what the client may see."""
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
