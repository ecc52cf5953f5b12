"""`uv run python -m benchmarks.template --json OUT`: making, verifying and updating a project.

Both engines render the working tree with the default answers; `update` is Copier's, across a
release that changes one file. Cookiecutter's hook installs and verifies the project: `cold` on a
machine that has no package and no database cluster yet, `warm` with both from the project before.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures
from benchmarks.project import workspace
from hooks.verify import environment
from tooling.git import commit, copy_work_tree, git, release
from tooling.render import render_with_copier, run_cookiecutter
from tooling.uv import readable_folder

PARTS = {
    "cookiecutter": "Cookiecutter renders",
    "copier": "Copier renders",
    "update": "Copier updates, one file changed",
    "verified cold": "Cookiecutter renders and verifies, nothing cached",
    "verified warm": "Cookiecutter renders and verifies again",
}


def seconds(action: Callable[[], object]) -> float:
    """Return how long it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(root: Path, *, verify: bool) -> dict[str, float]:
    """Return the seconds of each part, in an empty folder."""
    template = root / "template"
    copy_work_tree(template)
    git(template, "init", "--quiet")
    release(template, "v1.0.0")
    found = {
        "cookiecutter": seconds(lambda: render(root / "one", "0")),
        "copier": seconds(lambda: render_with_copier(template, {}, root / "two")),
    }
    project = root / "two" / "project"
    commit(project, "as it was made")
    changed = template / "template" / ".editorconfig"
    changed.write_text(changed.read_text("utf-8") + "# changed\n", encoding="utf-8")
    release(template, "v1.1.0")
    update = [str(Path(sys.executable).with_name("copier")), "update", "--defaults"]
    found["update"] = seconds(
        lambda: subprocess.run(
            update, cwd=project, env=environment(), check=True, capture_output=True
        )
    )
    if verify:
        found["verified cold"] = seconds(lambda: render(root / "cold", "strict"))
        found["verified warm"] = seconds(lambda: render(root / "warm", "strict"))
    return found


def render(out: Path, verify: str) -> None:
    """Run Cookiecutter as a command, because its hooks are processes of their own.

    Raises:
        RuntimeError: It failed; with the end of its output.
    """
    caches = {
        "UV_CACHE_DIR": str(out.parent / "packages"),
        "TEST_CACHE_DIR": str(out.parent / "cache"),
    }
    made = run_cookiecutter(
        out.parent / "template", out, "--no-input", GREENFIELD_VERIFY=verify, **caches
    )
    if made.returncode:
        raise RuntimeError(f"cookiecutter exited with {made.returncode}\n{made.stdout[-3000:]}")


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--verified", type=int, default=2, help="how many of them also verify")
    settings = parser.parse_args(given)
    if settings.quick:
        settings.repetitions, settings.verified = 1, 0
    samples: dict[str, list[float]] = {}
    for number in range(settings.repetitions):
        print(f"  {number + 1}/{settings.repetitions}", file=sys.stderr)
        with readable_folder() as folder:
            for part, value in measure(folder, verify=number < settings.verified).items():
                samples.setdefault(part, []).append(value)
    results = {part: figures.summary(values) for part, values in samples.items()}
    for part, found in results.items():
        print(f"{PARTS[part]:52} {figures.shown(found, ' s')}")
    if settings.json:
        with workspace(settings.keep) as where:
            figures.save(settings.json, "benchmarks.template", where, None, {"parts": results})
    return results


if __name__ == "__main__":
    main()
