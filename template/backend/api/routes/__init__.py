"""The routes, one resource a module. Each has a `router` with its own prefix and tags."""

from backend.core.discovery import import_modules

MODULES = import_modules(__name__, __path__)
