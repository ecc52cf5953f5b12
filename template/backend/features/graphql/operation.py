"""The extension that wraps every operation, over HTTP and WebSocket."""

from collections.abc import Iterator

from graphql import NoSchemaIntrospectionCustomRule
from starlette.websockets import WebSocket
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from backend.core.errors import ValidationFailedError
from backend.core.settings import Settings
from backend.features.graphql.context import Connection, OperationContext
from backend.features.graphql.limits import measure, refuse_too_complex
from backend.features.graphql.settings import GraphQLSettings


class Boundary(SchemaExtension):
    """Gives each operation its context, and rejects one that is too large."""

    def on_operation(self) -> Iterator[None]:
        """Begin the operation."""
        execution = self.execution_context
        self._connection: Connection = execution.context
        # A WebSocket shares one context between operations: loaders would return stale rows.
        execution.context = OperationContext(self._connection)
        registry = self._connection.app.state.settings
        self._settings: GraphQLSettings = registry.get(GraphQLSettings)
        execution.parse_options["max_tokens"] = self._settings.graphql_max_tokens
        if registry.get(Settings).is_production:
            execution.validation_rules += (NoSchemaIntrospectionCustomRule,)
        yield

    def on_execute(self) -> Iterator[None]:
        """Reject valid operations that must not run."""
        execution = self.execution_context
        on_socket = isinstance(self._connection.request, WebSocket)
        if execution.operation_type is OperationType.SUBSCRIPTION and not on_socket:
            # Over HTTP, strawberry would run it as a query.
            raise ValidationFailedError("A subscription needs a WebSocket.")
        if execution.graphql_document is not None:
            schema = execution.schema._schema  # it has no public name
            size = measure(schema, execution.graphql_document, execution.variables or {})
            refuse_too_complex(size, self._settings)
        yield
