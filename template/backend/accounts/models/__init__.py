"""The tables, one aggregate a module. Importing this package registers all of them."""

from backend.core.discovery import import_modules

import_modules(__name__, __path__)
