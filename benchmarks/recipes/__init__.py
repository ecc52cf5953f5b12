"""How others isolate database tests, each as a small pytest plugin, written from its description.

All have the same fixtures, `db_session` and `client`, so the tests are the same. All share
`common.py`: the server, the schema, the settings, the application built once a process, and a
client with the lifespan entered for each test, as our projects do it.
"""
