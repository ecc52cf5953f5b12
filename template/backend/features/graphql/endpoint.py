"""The endpoint `/graphql`: POST for queries and mutations, a WebSocket for subscriptions too."""

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
    """Strawberry's router, with this application's errors and a page that works offline."""

    def __init__(self, schema: Schema, core: Settings, settings: GraphQLSettings) -> None:
        """Make the router: outside of production, a browser gets GraphiQL."""
        self._max_bytes = core.max_request_bytes
        super().__init__(
            schema,
            PATH,
            graphql_ide=None if core.is_production else "graphiql",
            allow_queries_via_get=False,  # an address ends up in logs, and may be fetched again
            context_getter=get_connection,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=10),
            max_subscriptions_per_connection=settings.graphql_max_subscriptions,
            allowed_origins=core.cors_origins,
            include_in_schema=False,
        )

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """Serve a request or a WebSocket; what is no GraphQL is refused as REST refuses it."""
        try:
            return await super().run(*args, **kwargs)
        except Refusal as error:
            raise HTTPException(error.status_code, error.reason) from error

    def decode_json(self, data: str | bytes) -> object:
        """Read a body, or a message of a WebSocket, which no middleware limits."""
        if len(data) > self._max_bytes:
            raise JSONDecodeError("too large", "", 0)
        try:
            return super().decode_json(data)
        except (ValueError, RecursionError) as error:  # no UTF-8, endless numbers, endless lists
            raise JSONDecodeError("unreadable", "", 0) from error

    async def on_ws_connect(self, context: Connection) -> UnsetType:
        """Admit a WebSocket whose client has said who it is; else close it with 4403."""
        roots: Roots = context.app.state.graphql
        if roots.admit is not None:
            try:
                await roots.admit(OperationContext(context))
            except AppError as error:
                raise ConnectionRejectionError from error
        return cast("UnsetType", UNSET)

    @property
    def graphql_ide_html(self) -> str:
        """GraphiQL, whose scripts come from a CDN; until they arrive, the schema stands there."""
        note = "If this stays, GraphiQL cannot be loaded: it needs the internet. The schema:"
        schema = f"<p>{note}</p><pre>{escape(self.schema.as_str())}</pre>"
        return get_graphql_ide_html(graphql_ide="graphiql").replace("Loading...", schema, 1)
