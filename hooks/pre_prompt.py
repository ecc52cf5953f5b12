"""Give the temporary copy of this repository the shape that Cookiecutter reads.

Cookiecutter runs this inside its throw-away copy before it asks anything.
"""

import hashlib
import json
import os
import subprocess
import sys
from glob import escape
from pathlib import Path

TEMPLATE = Path("template")
# Cookiecutter takes the folder whose name holds "{{" and "cookiecutter"; rendering the name runs
# the checks in refusals.py, before anything is on disk.
TREE = Path("{{ checked_folder(cookiecutter) }}")
# Copier's own template of the answers file: answers.py writes the same file for Cookiecutter.
ANSWERS_FILE = TEMPLATE / "{{ _copier_conf.answers_file }}.jinja"


def clean_up_later() -> None:
    """Start what removes this copy when Cookiecutter ends early."""
    if os.name == "posix":
        program, copy = Path("hooks", "leftovers.py").resolve(), Path.cwd()
        nothing = subprocess.DEVNULL
        subprocess.Popen(
            [sys.executable, str(program), str(copy), str(os.getppid())],
            cwd="/",
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
        )


def drop_untracked_files() -> None:
    """Keep what Copier sees of a git repository; Cookiecutter copies caches too."""
    if not Path(".git").exists():
        return
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", str(TEMPLATE)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    known = {Path(name) for name in listed.split("\0") if name}
    for path in sorted(TEMPLATE.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in known:
            path.unlink()


def strip_suffixes() -> list[str]:
    """Take `.jinja` off the names. Returns patterns of all other files, which are copied as is."""
    verbatim = []
    for path in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        if path.suffix == ".jinja":
            path.rename(path.with_suffix(""))
        else:
            verbatim.append(escape(path.relative_to(TEMPLATE).as_posix()))
    return verbatim


def main() -> None:
    clean_up_later()
    ANSWERS_FILE.unlink()
    drop_untracked_files()
    settings = Path("cookiecutter.json")
    config = json.loads(settings.read_text(encoding="utf-8"))
    config["_copy_without_render"] = strip_suffixes()
    config["_version"] = hashlib.sha256(json.dumps(config).encode()).hexdigest()
    settings.write_text(json.dumps(config, indent=2), encoding="utf-8")
    TEMPLATE.rename(TREE)


if __name__ == "__main__":
    main()
