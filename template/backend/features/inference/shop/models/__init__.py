"""The tables of labels. Every module here is imported."""

from backend.core.discovery import import_modules

import_modules(__name__, __path__)
