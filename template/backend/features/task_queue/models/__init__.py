"""The table of jobs."""

from backend.core.discovery import import_modules

import_modules(__name__, __path__)
