"""Queries that every schema has."""

import strawberry

from backend import __version__
from backend.core.api import health
from backend.core.settings import Settings, SettingsRegistry
from backend.features.graphql.context import Info, OperationContext


@strawberry.type
class Component:
    """A dependency of the application, and whether it answers."""

    name: str
    status: str


@strawberry.type
class Health:
    """`ok`, or `degraded` if an optional component fails; otherwise the field is an error."""

    status: str
    components: list[Component]


@strawberry.type
class ServiceQuery:
    """Queries about the service."""

    @strawberry.field
    async def service(self, info: Info) -> str:
        """The service's name."""
        registry: SettingsRegistry = info.context.app.state.settings
        return registry.get(Settings).service_name

    @strawberry.field
    async def version(self) -> str:
        """Its version."""
        return __version__

    @strawberry.field
    async def health(self, info: Info) -> Health:
        """Check every component, once per operation."""
        ready = await info.context.once(_ask_components)
        components = [Component(name=name, status=is_) for name, is_ in ready.components.items()]
        return Health(status=ready.status, components=components)


async def _ask_components(context: OperationContext) -> health.Readiness:
    settings: Settings = context.app.state.settings.get(Settings)
    return await health.check_components(context.app, settings)
