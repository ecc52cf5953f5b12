"""The query `service`."""

from backend import __version__
from backend.core.settings import Settings
from backend.tests.fixtures.features.graphql.client import GraphQLClient


async def test_it_returns_name_version_and_health(
    graphql_client: GraphQLClient, worker_settings: Settings
) -> None:
    query = "{ service version health { status components { name status } } }"
    answer = await graphql_client(query)
    assert answer.errors == []
    components = answer.data.pop("health")["components"]
    assert {"name": "database", "status": "ok"} in components
    assert answer.data == {"service": worker_settings.service_name, "version": __version__}
