"""Make projects with either engine, and compare folders."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cookiecutter.main
import copier

Answers = dict[str, Any]


def cookiecutter_config(folder: Path) -> Path:
    """Write a configuration that keeps Cookiecutter out of the developer's home."""
    config = folder / "cookiecutter.yml"
    folders = {"cookiecutters_dir": str(folder / "clones"), "replay_dir": str(folder / "replay")}
    config.write_text(json.dumps(folders), encoding="utf-8")
    return config


@contextmanager
def temporary_folder() -> Iterator[None]:
    """Have a folder of its own for what Cookiecutter leaves until the process ends."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def render_with_cookiecutter(
    template: Path | str, answers: Answers, out: Path, **options: Any
) -> Path:
    """Render with Cookiecutter, in process; return the project's folder, in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    config = cookiecutter_config(out.parent)
    with temporary_folder():
        made = cookiecutter.main.cookiecutter(
            str(template),
            no_input=True,
            extra_context=answers,
            output_dir=str(out),
            config_file=str(config),
            **options,
        )
    return Path(made)


def render_with_copier(template: Path | str, answers: Answers, out: Path, **options: Any) -> Path:
    """Render with Copier; return the project's folder, in `out`."""
    project = out / "project"
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True, **options)
    return project


ENGINES = {"cookiecutter": render_with_cookiecutter, "copier": render_with_copier}


def run_cookiecutter(
    template: Path | str, out: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, without a terminal; errors are in `stdout`, too."""
    config = cookiecutter_config(out.parent)
    program = Path(sys.executable).with_name("cookiecutter")
    command = [str(program), "--config-file", str(config), "--output-dir", str(out), str(template)]
    return subprocess.run(
        [*command, *arguments],
        env={**os.environ, **environment},
        cwd=out.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def tree(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return mode and bytes of every file and folder below `root`, by path."""
    return {
        path.relative_to(root).as_posix(): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(root.rglob("*"))
    }
