"""Add GraphQL to the application: the endpoint, and each domain's part of the schema."""

from fastapi import FastAPI

from backend.core.settings import Settings, SettingsRegistry
from backend.features.for_domains import install_for_domains
from backend.features.graphql.endpoint import Endpoint
from backend.features.graphql.schema import Roots
from backend.features.graphql.settings import GraphQLSettings


def install(app: FastAPI) -> None:
    """Add the endpoint."""
    registry: SettingsRegistry = app.state.settings
    core = registry.get(Settings)
    app.state.graphql = Roots()
    install_for_domains(__package__, app)
    schema = app.state.graphql.build(suggest=not core.is_production)
    app.include_router(Endpoint(schema, core, registry.get(GraphQLSettings)))
