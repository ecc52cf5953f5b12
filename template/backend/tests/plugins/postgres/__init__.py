"""A real PostgreSQL for the tests: found or started, shared by all runs of a user, one database per
worker.

`plugin.py` is the table of contents (hooks and fixtures); `server.py` holds the rule that picks a
server.
Nothing here imports SQLAlchemy, Alembic or the application before a selected test needs a database.
"""
