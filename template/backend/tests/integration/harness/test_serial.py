"""Tests marked serial take turns, whatever distributes them."""

import pytest

from backend.tests.plugins.inner_run import RunInner, together

ALONE = """
    import time
    from pathlib import Path
    import pytest

    pytestmark = pytest.mark.serial("mail")

    @pytest.mark.parametrize("number", range(3))
    def test_{name}(number, worker_id):
        busy = Path("busy")
        busy.touch(exist_ok=False)  # fails while another test is inside
        time.sleep(0.06)
        busy.unlink()
        with Path("workers").open("a") as file:
            file.write(worker_id + " ")
"""


@pytest.mark.slow
def test_serial_tests_never_overlap(inner_run: RunInner) -> None:
    files = {f"tests/unit/test_{name}.py": ALONE.format(name=name) for name in ("first", "second")}
    runs = together(
        lambda: inner_run(files, "-n2", "--dist=load"),
        lambda: inner_run(files, "-n2", "--dist=worksteal"),
    )
    for run in runs:
        # waiting for the others takes longer than the limit of 0.1 s, and counts for none
        assert list(run.outcomes.values()) == ["passed"] * 6, run.output
        assert set((run.folder / "workers").read_text().split()) == {"gw0", "gw1"}
