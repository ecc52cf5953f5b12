"""The tables, one aggregate a module. Importing this package makes `Base.metadata` complete."""

from backend.core.discovery import import_modules
from backend.models.base import Base

import_modules(__name__, __path__)

__all__ = ["Base"]
