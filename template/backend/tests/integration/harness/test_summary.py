"""A run ends with a short block, and its seed brings back its order and its random numbers."""

import pytest

from backend.tests.plugins.inner_run import RunInner

NUMBERS = """
    import random
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_{layer}(number, record_testsuite_property):
        record_testsuite_property(f"drawn-{{number}}-{layer}", random.random())
"""
FILES = {
    f"tests/{layer}/test_{layer}.py": NUMBERS.format(layer=layer)
    for layer in ("unit", "integration", "e2e")
} | {"tests/unit/harness/test_proof.py": "def test_proof(): ..."}


@pytest.mark.slow
def test_the_block_adds_up_and_the_seed_brings_back_order_and_numbers(inner_run: RunInner) -> None:
    first = inner_run(FILES)
    again = inner_run(FILES, "--randomly-seed=last", "-qq", folder=first.folder)

    seed = first.properties["seed"]
    for line in (
        f"random seed: {seed}",
        "unit             6 tests",
        "33 % (70-80 %)  <- outside",
        "harness          1 tests",
        f"--randomly-seed={seed}",
    ):
        assert line in first.output, first.output
    assert first.output.count("::test_") == 5, "the slowest five"
    assert "slowest" not in again.output

    assert again.order == first.order
    assert first.order != sorted(first.order), "in random order"
    drawn = {name: value for name, value in first.properties.items() if name.startswith("drawn")}
    assert len(drawn) == 18
    assert drawn == {name: again.properties[name] for name in drawn}
