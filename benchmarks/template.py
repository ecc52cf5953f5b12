"""`uv run python -m benchmarks.template --json OUT`: making, verifying and updating a project.

Both engines render the working tree with the default answers; `update` is Copier's, across a
release that changes one file. `verified` is Cookiecutter with its hook, packages in uv's cache, and
`install` the part of it that locks and installs them.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures
from benchmarks.project import clean, scratch, workspace
from hooks.verify import find_uv
from tests.engines import by_copier, commit, copy_work_tree, git, release, run_cookiecutter

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
    commit(project, "born")
    changed = template / "template" / ".editorconfig"
    changed.write_text(changed.read_text("utf-8") + "# changed\n", encoding="utf-8")
    release(template, "v1.1.0")
    update = [str(Path(sys.executable).with_name("copier")), "update", "--defaults"]
    found["update"] = seconds(
        lambda: subprocess.run(update, cwd=project, env=clean(), check=True, capture_output=True)
    )
    if birth:
        sync = [find_uv() or "uv", "sync", "--quiet"]
        found["install"] = seconds(
            lambda: subprocess.run(sync, cwd=project, env=clean(), check=True)
        )
        found["verified"] = seconds(lambda: render(root / "three", "strict"))
    return found


def render(out: Path, verify: str) -> None:
    """Cookiecutter, as a command, because its hooks are processes of their own.

    Raises RuntimeError with its output's end when it fails.
    """
    made = run_cookiecutter(out.parent / "template", out, "--no-input", GREENFIELD_VERIFY=verify)
    if made.returncode:
        raise RuntimeError(f"cookiecutter exited with {made.returncode}\n{made.stdout[-3000:]}")


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
        with scratch() as folder:
            for part, value in measure(folder, birth=number < settings.births).items():
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
