"""Remove what a run of Cookiecutter leaves when it ends early.

Cookiecutter removes its temporary copy of this repository after a success only, and a project
that it could not write to the end never. Two look after it: the process itself at its exit
(refusals.py), and a process that pre_prompt.py starts, for the ends at which Cookiecutter runs
nothing of ours: a choice that it refuses, a signal.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ANSWERS_FILE = ".copier-answers.yml"  # answers.py writes it when all others are there
UNFINISHED = "unfinished.json"  # beside the copy


def is_temporary(copy: Path) -> bool:
    """Whether it is a copy by Cookiecutter, and no repository of the user's."""
    folder = copy.resolve().parent
    made_by_cookiecutter = re.fullmatch(r"cookiecutter[a-z0-9_]{8}", folder.name)
    return bool(made_by_cookiecutter) and folder.parent == Path(tempfile.gettempdir()).resolve()


def note_project(copy: Path, project: Path, tree: Path) -> None:
    """Note what this run is about to make. In a folder that exists, nothing is removed."""
    if not is_temporary(copy) or project.exists():
        return
    inside = sorted(tree.rglob("*"), reverse=True)  # what is in a folder before the folder
    files = [project / path.relative_to(tree) for path in inside]
    folders = [path for path in [project, *project.parents] if not path.exists()]
    text = json.dumps([str(path) for path in [project / ANSWERS_FILE, *files, *folders]])
    (copy.parent / UNFINISHED).write_text(text, encoding="utf-8")


def remove_unfinished_project(note: Path) -> None:
    """Remove the files that the run made, and its folders where nothing else is in them."""
    answers, *paths = [Path(name) for name in json.loads(note.read_text(encoding="utf-8"))]
    for path in [] if answers.exists() else paths:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def remove(copy: Path) -> None:
    """Remove a copy, with the folder that was made for it, and the project that it left."""
    if is_temporary(copy):
        note = copy.parent / UNFINISHED
        if copy.exists() and note.exists():  # after a success Cookiecutter has removed the copy
            with suppress(FileNotFoundError):  # the other process was quicker
                remove_unfinished_project(note)
        shutil.rmtree(copy.parent, ignore_errors=True)


def is_running(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main(copy: Path, cookiecutter: int) -> None:
    """Wait for Cookiecutter's end, or for its success, after which it removes the copy itself."""
    while copy.exists() and is_running(cookiecutter):
        time.sleep(0.2)
    remove(copy)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
