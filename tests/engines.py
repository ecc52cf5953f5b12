"""Make projects with either engine, in process, and compare folders."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import cookiecutter.main
import copier
import pytest

from scripts.questions import ROOT, load

Answers = dict[str, Any]


def git(where: Path, *arguments: str) -> str:
    """Run git in a folder; its output without the last newline."""
    command = ["git", "-C", str(where), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip("\n")


def commit(project: Path, message: str = "mine") -> None:
    """Commit all that is in a project, in a repository that is made where there is none."""
    if not (project / ".git").exists():
        git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


def release(repository: Path, tag: str) -> None:
    """Commit all that is in the folder and tag it."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", tag)
    git(repository, "tag", tag)


def copy_work_tree(target: Path) -> None:
    """This repository as a user would clone it if it were committed as it stands."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a deleted file stays listed until it is committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def cookiecutter_config(folder: Path) -> Path:
    """A configuration that keeps Cookiecutter out of the developer's home."""
    config = folder / "cookiecutter.yml"
    folders = {"cookiecutters_dir": str(folder / "clones"), "replay_dir": str(folder / "replay")}
    config.write_text(json.dumps(folders), encoding="utf-8")
    return config


@contextmanager
def temporary_folder() -> Iterator[None]:
    """Cookiecutter leaves its copy of the template behind when an answer is refused."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        yield


def by_cookiecutter(template: Path | str, answers: Answers, out: Path, **options: Any) -> Path:
    """Render with Cookiecutter; the project's folder, in `out`."""
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


def by_copier(template: Path | str, answers: Answers, out: Path, **options: Any) -> Path:
    """Render with Copier; the project's folder, in `out`."""
    project = out / "project"
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True, **options)
    return project


ENGINES = {"cookiecutter": by_cookiecutter, "copier": by_copier}


def run_cookiecutter(
    template: Path | str, out: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, without a terminal; output and errors in `stdout`."""
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
    """Mode and bytes of every file and folder below `root`, by path."""
    return {
        path.relative_to(root).as_posix(): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(root.rglob("*"))
    }


def combinations() -> list[Answers]:
    """Every combination of the questions that have choices or are yes/no."""
    questions = [question for question in load()[1] if question.when]
    values: dict[str, tuple[Any, ...]] = {
        question.name: question.choices or (True, False)
        for question in questions
        if question.choices or question.type == "bool"
    }
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
