"""The endpoint `/graphql`: POST for queries and mutations, WebSocket for all operations."""

from datetime import timedelta
from html import escape
from json import JSONDecodeError
from typing import Any, cast

from cross_web import HTTPException as Refusal
from starlette.exceptions import HTTPException
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.http.ides import get_graphql_ide_html
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from backend.core.errors import AppError
from backend.core.settings import Settings
from backend.features.graphql.context import Connection, OperationContext, get_connection
from backend.features.graphql.schema import Roots, Schema
from backend.features.graphql.settings import GraphQLSettings

PATH = "/graphql"


class Endpoint(GraphQLRouter[Connection, None]):
    """Strawberry's router with this application's errors and a page that works offline."""

    def __init__(self, schema: Schema, core: Settings, settings: GraphQLSettings) -> None:
        """Create the router; outside production, it serves GraphiQL to browsers."""
        self._max_bytes = core.max_request_bytes
        super().__init__(
            schema,
            PATH,
            graphql_ide=None if core.is_production else "graphiql",
            allow_queries_via_get=False,  # URLs end up in logs and may be fetched again
            context_getter=get_connection,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=10),
            max_subscriptions_per_connection=settings.graphql_max_subscriptions,
            allowed_origins=core.cors_origins,
            include_in_schema=False,
        )

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """Serve a request or a WebSocket; reject invalid requests with REST's error format."""
        try:
            return await super().run(*args, **kwargs)
        except Refusal as error:
            raise HTTPException(error.status_code, error.reason) from error

    def decode_json(self, data: str | bytes) -> object:
        """Decode a body or a WebSocket message, which no middleware limits."""
        if len(data) > self._max_bytes:
            raise JSONDecodeError("too large", "", 0)
        try:
            return super().decode_json(data)
        except (ValueError, RecursionError) as error:  # invalid UTF-8, huge numbers, deep nesting
            raise JSONDecodeError("unreadable", "", 0) from error

    async def on_ws_connect(self, context: Connection) -> UnsetType:
        """Accept a WebSocket if its client is authenticated; else close it with 4403."""
        roots: Roots = context.app.state.graphql
        if roots.admit is not None:
            try:
                await roots.admit(OperationContext(context))
            except AppError as error:
                raise ConnectionRejectionError from error
        return cast("UnsetType", UNSET)

    @property
    def graphql_ide_html(self) -> str:
        """GraphiQL, whose scripts come from a CDN; without them, the page shows the schema."""
        note = "GraphiQL could not be loaded: it needs the internet. The schema:"
        schema = f"<p>{note}</p><pre>{escape(self.schema.as_str())}</pre>"
        return get_graphql_ide_html(graphql_ide="graphiql").replace("Loading...", schema, 1)
