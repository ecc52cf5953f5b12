"""The tables, one module per aggregate. Importing this package registers all of them."""

from backend.core.discovery import import_modules

import_modules(__name__, __path__)
