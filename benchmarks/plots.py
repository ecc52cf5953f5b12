"""A plot as SVG, written by hand: the same data gives the same bytes."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, TOP = 760, 46
GRID, TEXT = "#d0d7de", "#57606a"
COLOURS = ("#1a7f37", "#cf222e", "#8250df", "#bf8700", "#0969da", "#57606a")


def lines(title: str, series: Mapping[str, Mapping[int, float]], unit: str, of_what: str) -> str:
    """Draw a line for each name, over the numbers that are its keys; both axes are logarithmic."""
    ticks = sorted({key for points in series.values() for key in points})
    lowest, highest = _decades([value for points in series.values() for value in points.values()])
    left, right, bottom, height = 60, 230, 330, 372

    def x(key: float) -> float:
        span = math.log(ticks[-1] / ticks[0]) or 1
        return left + (WIDTH - left - right) * math.log(key / ticks[0]) / span

    def y(value: float) -> float:
        return bottom - (bottom - TOP) * math.log(value / lowest, highest / lowest)

    parts = [_text(16, 26, title, size=15, bold=True)]
    for decade in _between(lowest, highest):
        parts.append(_line(left, y(decade), WIDTH - right, y(decade), GRID))
        parts.append(_text(left - 8, y(decade) + 4, f"{_number(decade)} {unit}", anchor="end"))
    parts += [_text(x(tick), bottom + 20, f"{tick} {of_what}", anchor="middle") for tick in ticks]
    taken: list[float] = []
    for (name, points), colour in zip(series.items(), COLOURS, strict=False):
        path = " ".join(f"{x(key):.1f},{y(value):.1f}" for key, value in sorted(points.items()))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        )
        end = y(points[max(points)]) + 4
        while any(abs(end - other) < 16 for other in taken):
            end += 4
        taken.append(end)
        parts.append(_text(WIDTH - right + 8, end, name, colour=colour))
    return _svg(height, title, parts)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    lowest = 10.0 ** math.floor(math.log10(min(values)))
    return lowest, 10.0 ** math.ceil(math.log10(max(values) * 1.01))


def _between(lowest: float, highest: float) -> list[float]:
    first, last = round(math.log10(lowest)), round(math.log10(highest))
    return [10.0**power for power in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 20 else f"{value:.0f}"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
    colour: str = TEXT,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{weight}'
        f' fill="{colour}">{escape(text)}</text>'
    )


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        ' font-family="system-ui, sans-serif" role="img">'
    )
    ground = f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, *parts, "</svg>", ""])
