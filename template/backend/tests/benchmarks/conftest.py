"""What benchmarks share: a place for figures at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print figures at the end of the run: `report("12.5 ms  GET /")`, one line each."""

    def report(*lines: str) -> None:
        figures = request.config.stash.setdefault(FIGURES, [])
        figures += [f"{request.node.name}:", *(f"  {line}" for line in lines)]

    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the figures."""
    if figures := config.stash.get(FIGURES, []):
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.write_line(line)
