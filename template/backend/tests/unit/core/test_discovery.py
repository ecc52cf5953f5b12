"""Modules are found by looking."""

import json

from backend.core.discovery import import_modules


def test_every_module_of_a_package_is_imported_in_the_order_of_names() -> None:
    modules = import_modules(json.__name__, json.__path__)
    names = [module.__name__ for module in modules]
    assert names == sorted(names)
    assert {"json.decoder", "json.encoder"} <= set(names)
