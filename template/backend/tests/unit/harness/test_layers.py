"""A test's layer follows from its path."""

import pytest

from backend.tests.plugins.layers import layer_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("backend/tests/unit/core/test_a.py::TestB::test_c[tests/e2e]", "unit"),
        ("backend\\tests\\e2e\\test_a.py", "e2e"),
        ("tests/backend/tests/gpu/test_a.py", "gpu"),
        ("backend/tests/test_a.py", None),
        ("backend/unit/test_a.py", None),
    ],
)
def test_the_layer_is_the_folder_below_tests(path: str, name: str | None) -> None:
    layer = layer_of(path)
    assert (layer.name if layer else None) == name
