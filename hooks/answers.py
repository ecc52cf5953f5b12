"""Write the file that `copier update` starts from, as Copier itself writes it."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

ANSWERS_FILE = ".copier-answers.yml"
COPIERS_OWN = ("gh:", "gl:", "git@", "git+", "git://", "https://github.com/", "https://gitlab.com/")


def git(repository: Path, *arguments: str) -> str:
    """What git prints; nothing where it fails, or where the template has no history (a zip)."""
    if not (repository / ".git").exists():
        return ""
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def source(template: str, started_in: Path, repository: Path) -> str:
    """The template's address in a form that Copier reads later, wherever it is run."""
    if (local := started_in / Path(template).expanduser()).exists():
        return str(local.resolve())
    if template.startswith(COPIERS_OWN) or template.endswith((".git", ".zip")):
        return template
    address = git(repository, "config", "remote.origin.url") or template
    return address if address.endswith(".git") or "://" not in address else f"git+{address}"


def path_note(source: str) -> str:
    """A sentence about a template that colleagues cannot reach, or nothing."""
    if ":" in source and not source.startswith("file:"):
        return ""
    return (
        f"The template came from {source}: "
        "`copier update` works only where that path leads to it.\n"
        f"For colleagues, put its address into {ANSWERS_FILE} (_src_path)."
    )


def write(project: Path, cookiecutter: dict[str, Any], header: str) -> str:
    """Write the answers; without git history there is no `_commit`, as Copier does it.

    Returns the template's address in them.
    """
    repository = Path(cookiecutter["_repo_dir"])
    started_in = Path(cookiecutter["_started_in"])
    answers = {name: value for name, value in cookiecutter.items() if not name.startswith("_")}
    answers["_src_path"] = source(cookiecutter["_template"], started_in, repository)
    if commit := git(repository, "describe", "--tags", "--always"):
        answers["_commit"] = commit
    # Copier's to_nice_yaml: the same call.
    text = yaml.safe_dump(answers, indent=4, allow_unicode=True, default_flow_style=False)
    (project / ANSWERS_FILE).write_text(f"{header}\n{text}", encoding="utf-8", newline="\n")
    return str(answers["_src_path"])
