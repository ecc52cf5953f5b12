"""A GraphQL endpoint over the services that REST has."""
