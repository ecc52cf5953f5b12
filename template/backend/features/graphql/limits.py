"""Limits of an operation's depth and cost, checked before it runs.

Each field costs 1. Fields inside a list count once per row: `limit` rows if the field, or the page
around the list, has that argument, else `LIST_LENGTH`. Introspection costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from backend.core.errors import AppError
from backend.features.graphql.settings import GraphQLSettings

LIST_LENGTH = 10
MAX_LIMIT = 100
"""The maximum rows of a page, assumed where the number is unknown before execution."""


class TooComplexError(AppError):
    """The operation exceeds a limit."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "query_too_complex"
    message = "The operation is nested too deeply."


@dataclass(frozen=True, slots=True)
class Size:
    """The depth of nested fields, and the total cost."""

    depth: int = 0
    cost: int = 0


def refuse_too_complex(size: Size, settings: GraphQLSettings) -> None:
    """Raise TooComplexError if an operation exceeds the maximum depth or cost."""
    if size.depth > settings.graphql_max_depth:
        raise TooComplexError(
            f"The operation is {size.depth} fields deep; {settings.graphql_max_depth} are allowed."
        )
    if size.cost > settings.graphql_max_cost:
        raise TooComplexError(
            f"The operation costs {size.cost}; {settings.graphql_max_cost} are allowed."
        )


def measure(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> Size:
    """Return the size of a valid document: the sum of its operations."""
    meter = _Meter(schema, document, variables)
    sizes = [
        meter.selections(root, operation.selection_set, None)
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        and (root := schema.get_root_type(operation.operation))
    ]
    return _add(sizes)


def _add(sizes: list[Size]) -> Size:
    return Size(max((size.depth for size in sizes), default=0), sum(size.cost for size in sizes))


class _Meter:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]
    ) -> None:
        self._types = schema.type_map
        self._variables = variables
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        # Each fragment is measured once: nested spreads would otherwise take exponential time.
        self._known: dict[tuple[str, int | None], Size] = {}

    def selections(
        self, parent: GraphQLNamedType, nodes: SelectionSetNode, rows: int | None
    ) -> Size:
        return _add([self._selection(parent, node, rows) for node in nodes.selections])

    def _selection(self, parent: GraphQLNamedType, node: SelectionNode, rows: int | None) -> Size:
        if isinstance(node, FieldNode):
            return self._field(parent, node, rows)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, rows)
        inline = cast("InlineFragmentNode", node)
        condition = inline.type_condition
        on = self._types[condition.name.value] if condition else parent
        return self.selections(on, inline.selection_set, rows)

    def _fragment(self, name: str, rows: int | None) -> Size:
        if (name, rows) not in self._known:
            node = self._fragments[name]
            on = self._types[node.type_condition.name.value]
            self._known[name, rows] = self.selections(on, node.selection_set, rows)
        return self._known[name, rows]

    def _field(self, parent: GraphQLNamedType, node: FieldNode, rows: int | None) -> Size:
        name = node.name.value
        if name.startswith("__"):
            return Size()
        field = cast("GraphQLObjectType", parent).fields[name]
        if node.selection_set is None:
            return Size(1, 1)
        limit = self._limit(field, node)
        is_list = is_list_type(get_nullable_type(field.type))
        inner = self.selections(get_named_type(field.type), node.selection_set, limit)
        factor = (limit or rows or LIST_LENGTH) if is_list else 1
        return Size(1 + inner.depth, 1 + factor * inner.cost)

    def _limit(self, field: GraphQLField, node: FieldNode) -> int | None:
        """Return the number of rows a field requests, or None without a `limit`."""
        if "limit" not in field.args:
            return None
        given = next((one.value for one in node.arguments or () if one.name.value == "limit"), None)
        limit: Any = field.args["limit"].default_value
        if isinstance(given, IntValueNode):
            limit = int(given.value)
        elif isinstance(given, VariableNode):
            limit = self._variables.get(given.name.value)
        return limit if isinstance(limit, int) and 0 < limit < MAX_LIMIT else MAX_LIMIT
