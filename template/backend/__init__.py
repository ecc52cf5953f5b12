"""The application. `backend.main:create_app` builds it from `core` and the domains beside it."""

__version__ = "0.1.0"
