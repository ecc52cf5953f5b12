"""PostgreSQL: the server that was given, the embedded one, or a container.

`service.py` is the only module that the rest of the plugin uses.
"""
