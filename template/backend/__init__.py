"""The application. `backend.main:create_app` builds it; `ls` shows its layers."""

__version__ = "0.1.0"
