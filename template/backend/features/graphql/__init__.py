"""A GraphQL endpoint on the same services as REST."""
