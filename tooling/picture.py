"""The README's picture of a run: docs/images/run.svg, drawn from the recorded docs/images/run.txt.

The recording is what was on the screen of the real thing: Cookiecutter, verification and all.
"""

import os
import re
import subprocess
import tempfile
from html import escape

from hooks.verify import environment
from tooling import ROOT

RECORDING = ROOT / "docs" / "images" / "run.txt"
PICTURE = ROOT / "docs" / "images" / "run.svg"
COMMAND = "uvx cookiecutter . --no-input --output-dir .."
COLUMNS, HEAD, TAIL = 100, 12, 26
LINE, TOP, LEFT, CHARACTER = 18, 52, 18, 7.9
COLOURS = [
    (re.compile(r"^\$ "), "#7ee787"),
    (re.compile(r"^verified: "), "#7ee787"),
    (re.compile(r"^(NOT verified|FAILED|ERROR)"), "#ff7b72"),
    (re.compile(r"^(=|-){5}|^…$"), "#8b949e"),
]


def record() -> None:
    """Run the command in a temporary folder and keep its output, whether it is good or bad."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["uvx", *COMMAND.split()[1:-1], folder]
        result = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment(), "COLUMNS": str(COLUMNS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        output = result.stdout.replace(os.path.relpath(folder, ROOT), "..").replace(folder, "..")
    RECORDING.write_text(f"$ {COMMAND}\n{output}", encoding="utf-8")


def shown(recording: str) -> list[str]:
    """Return the recording's first and last lines, none longer than the picture is wide."""
    lines = [line[:COLUMNS] for line in recording.splitlines()]
    return lines if len(lines) <= HEAD + TAIL else [*lines[:HEAD], "…", *lines[-TAIL:]]


def colour(line: str) -> str:
    return next((colour for pattern, colour in COLOURS if pattern.search(line)), "#e6edf3")


def svg(recording: str) -> str:
    lines = shown(recording)
    width, height = round(COLUMNS * CHARACTER + 2 * LEFT), TOP + LINE * len(lines) + 8
    texts = [
        f'<text x="{LEFT}" y="{TOP + LINE * row}" fill="{colour(line)}">{escape(line)}</text>\n'
        for row, line in enumerate(lines)
        if line.strip()
    ]
    buttons = [
        f'<circle cx="{LEFT + 4 + 20 * place}" cy="20" r="6" fill="{fill}"/>\n'
        for place, fill in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        "<title>A recorded run: a project is generated and its suite passes</title>\n"
        "<style>text { font: 13px ui-monospace, Menlo, Consolas, monospace; white-space: pre }"
        "</style>\n"
        f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117"/>\n'
        f"{''.join(buttons)}{''.join(texts)}</svg>\n"
    )
