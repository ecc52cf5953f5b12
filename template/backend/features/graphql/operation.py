"""What happens around every operation, on HTTP and on a WebSocket alike."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, NoSchemaIntrospectionCustomRule
from strawberry.extensions import SchemaExtension
from strawberry.types import StreamExecutionResult

from backend.core.settings import Settings
from backend.features.graphql.context import Connection, OperationContext
from backend.features.graphql.errors import show
from backend.features.graphql.limits import measure, refuse_too_complex
from backend.features.graphql.settings import GraphQLSettings


class Boundary(SchemaExtension):
    """Gives an operation its context, refuses one that is too large, shows errors in one shape."""

    def on_operation(self) -> Iterator[None]:
        """Begin the operation, and at its end replace its errors."""
        execution = self.execution_context
        self._connection: Connection = execution.context
        # A WebSocket has one context for all its operations: loaders would remember old rows.
        execution.context = OperationContext(self._connection)
        registry = self._connection.app.state.settings
        self._settings: GraphQLSettings = registry.get(GraphQLSettings)
        execution.parse_options["max_tokens"] = self._settings.graphql_max_tokens
        if not registry.get(Settings).docs_enabled:
            execution.validation_rules += (NoSchemaIntrospectionCustomRule,)
        self._streamed = False
        yield
        if not self._streamed:
            self._show_errors(execution.result)

    def on_validate(self) -> Iterator[None]:
        """Measure what is valid."""
        yield
        execution = self.execution_context
        if execution.graphql_document is None or execution.pre_execution_errors:
            return
        schema = execution.schema._schema
        size = measure(schema, execution.graphql_document, execution.variables or {})
        refuse_too_complex(size, self._settings)

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Replace the errors of one message of a WebSocket."""
        self._streamed = True
        self._show_errors(result)
        yield

    def _show_errors(self, result: Any) -> None:
        errors: list[GraphQLError] | None = getattr(result, "errors", None)
        if errors:
            result.errors = [show(error, self._connection.request_id) for error in errors]
