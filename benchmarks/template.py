"""`uv run python -m benchmarks.template --json OUT`: making, verifying and updating a project.

Both engines render the working tree with the default answers; `update` is Copier's, across a
release that changes one file. `verified` is Cookiecutter with its hook, packages in uv's cache, and
`install` the part of it that locks and installs them.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures
from benchmarks.project import clean, workspace
from hooks.verify import find_uv
from tests.engines import by_copier, copy_work_tree, git, release

PARTS = {
    "cookiecutter": "Cookiecutter renders",
    "copier": "Copier renders",
    "update": "Copier updates, one file changed",
    "install": "uv locks and installs, from its cache",
    "verified": "Cookiecutter renders and verifies",
}


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(root: Path, *, birth: bool) -> dict[str, float]:
    """Seconds of each part, in an empty folder."""
    template = root / "template"
    copy_work_tree(template)
    git(template, "init", "--quiet")
    release(template, "v1.0.0")
    found = {
        "cookiecutter": seconds(lambda: render(root / "one", "0")),
        "copier": seconds(lambda: by_copier(template, {}, root / "two")),
    }
    project = root / "two" / "project"
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "born")
    changed = template / "template" / ".editorconfig"
    changed.write_text(changed.read_text("utf-8") + "# changed\n", encoding="utf-8")
    release(template, "v1.1.0")
    found["update"] = seconds(lambda: run_program("copier", project, "update", "--defaults"))
    if birth:
        sync = [find_uv() or "uv", "sync", "--quiet"]
        found["install"] = seconds(
            lambda: subprocess.run(sync, cwd=project, env=clean(), check=True)
        )
        found["verified"] = seconds(lambda: render(root / "three", "strict"))
    return found


def render(out: Path, verify: str) -> None:
    """Cookiecutter, as a command, because its hooks are processes of their own."""
    out.mkdir()
    template = str(out.parent / "template")
    run_program("cookiecutter", out, "--no-input", template, GREENFIELD_VERIFY=verify)


def run_program(name: str, where: Path, *arguments: str, **variables: str) -> None:
    """Run one of this environment's programs, at home in an empty folder."""
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    subprocess.run(
        command, cwd=where, env=clean() | variables, check=True, capture_output=True, text=True
    )


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--births", type=int, default=2, help="how many of them also verify")
    settings = parser.parse_args(given)
    if settings.quick:
        settings.repetitions, settings.births = 1, 0
    samples: dict[str, list[float]] = {}
    for number in range(settings.repetitions):
        print(f"  {number + 1}/{settings.repetitions}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="greenfield-bench-") as folder:
            Path(folder).chmod(0o755)  # for the server's own user, when root measures
            for part, value in measure(Path(folder), birth=number < settings.births).items():
                samples.setdefault(part, []).append(value)
    results = {part: figures.summary(values) for part, values in samples.items()}
    for part, found in results.items():
        print(f"{PARTS[part]:40} {figures.shown(found, ' s')}")
    if settings.json:
        with workspace(settings.keep) as where:
            figures.save(settings.json, "benchmarks.template", where, None, {"parts": results})
    return results


if __name__ == "__main__":
    main()
