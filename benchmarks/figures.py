"""Medians, their spread, and ratios; all that is printed and kept goes through here."""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.project import RunningServer, Workspace, machine

Summary = dict[str, float]


def summary(samples: Sequence[float]) -> Summary:
    """Median, quartiles, number."""
    values = sorted(samples)
    if len(values) < 2:
        return {"median": values[0], "q1": values[0], "q3": values[0], "n": len(values)}
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": round(median, 4), "q1": round(q1, 4), "q3": round(q3, 4), "n": len(values)}


def ratios(above: Sequence[float], below: Sequence[float]) -> Summary:
    """The ratio of each repetition, as median and quartiles: load hits both sides of one alike."""
    return summary([a / b for a, b in zip(above, below, strict=True)])


def shown(figures: Summary, unit: str = "") -> str:
    """Such as `1.43 ms (1.40-1.51)`; fewer than three values have no quartiles to speak of."""
    if figures["n"] < 3:
        return f"{digits(figures['median'])}{unit} (n={figures['n']:.0f})"
    median, low, high = (digits(figures[key]) for key in ("median", "q1", "q3"))
    return f"{median}{unit} ({low}-{high})"


def digits(value: float) -> str:
    """Three digits that count."""
    return (
        f"{value:.2f}"
        if abs(value) < 10
        else f"{value:.1f}"
        if abs(value) < 100
        else f"{value:.0f}"
    )


def command(name: str, arguments: Sequence[str]) -> str:
    """The command that measures the same again: without where its files went."""
    kept = list(arguments)
    for option in ("--json", "--keep"):
        if option in kept:
            at = kept.index(option)
            del kept[at : at + 2]
    return " ".join(["uv run python -m", name, *kept])


def save(
    path: Path | None,
    name: str,
    where: Workspace,
    server: RunningServer | None,
    results: dict[str, Any],
) -> None:
    """Write the results with what they were measured on, for `benchmarks.report`."""
    if path is None:
        return
    about = {
        "command": command(name, sys.argv[1:]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine(),
        "server": server.summary if server else "",
        "python": where.python_version(),
        "versions": where.versions(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about, **results}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
