"""Git as the tests and benchmarks use it."""

import shutil
import subprocess
from pathlib import Path

from tooling import ROOT


def git(where: Path, *arguments: str) -> str:
    """Run git in a folder; return its output without the last newline."""
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
    """Copy this repository as a user would clone it if it were committed as it stands."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a deleted file stays listed until it is committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
