"""With several workers, tests of one serial group take turns, and waiting counts for no limit."""

import os
from pathlib import Path

import pytest

from tests.harness.conftest import RunSuite

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
FILES = {f"tests/unit/test_{name}.py": ALONE.format(name=name) for name in ("first", "second")}
LIMITS = 'greenfield_levels = ["unit=0.2"]'


def test_serial_tests_never_overlap_and_leave_nothing_behind(
    run: RunSuite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = pytester.path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    for dist in ("load", "worksteal"):
        result = run(FILES, "-n2", f"--dist={dist}", settings=LIMITS)
        assert list(result.outcomes.values()) == ["passed"] * 6, result.output
        assert set((pytester.path / "workers").read_text().split()) == {"gw0", "gw1"}
    locks = {Path(file).name for _, _, names in os.walk(cache) for file in names}
    assert len({name for name in locks if name.startswith("mail-")}) == 1, locks
