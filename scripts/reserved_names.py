"""Write reserved_names.yml: the names that a project cannot have.

They are Python's keywords, the standard library's modules, and the packages that a project
installs or imports: uv refuses a project that depends on its own name, and such a folder hides
the module from Python. Names are only ever added: run it with each Python of the template.
"""

import json
import keyword
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from textwrap import fill

import copier
import yaml

from scripts.questions import ROOT, load

TARGET = ROOT / "reserved_names.yml"
HEADER = """\
# Written by `uv run python -m scripts.reserved_names`; not asked (`when: false`).
reserved_names:
  type: str
  when: false
  default: >-
"""
WINDOWS_DEVICES = {
    "aux",
    "con",
    "nul",
    "prn",
    *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10)),
}
ADDED_IN_3_14 = {"annotationlib", "compression"}
PRINT_MODULES = """
import importlib.metadata, json
print(json.dumps(list(importlib.metadata.packages_distributions())))
"""


def normalise(name: str) -> str:
    """A distribution's or module's name as the slug's rule compares it."""
    return name.lower().replace("-", "_").replace(".", "_")


def python_names() -> set[str]:
    """Keywords, and the modules of the Python that runs this."""
    return {*keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names}


def project_names(answers: dict[str, object]) -> set[str]:
    """What a generated project installs and can import. Needs uv, and a network or a warm cache."""
    with tempfile.TemporaryDirectory() as folder:
        copier.run_copy(str(ROOT), folder, data=answers, defaults=True, quiet=True, vcs_ref="HEAD")
        subprocess.run(["uv", "sync", "--quiet"], cwd=folder, check=True)
        lock = tomllib.loads(Path(folder, "uv.lock").read_text(encoding="utf-8"))
        command = ["uv", "run", "python", "-c", PRINT_MODULES]
        modules = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        installed = {package["name"] for package in lock["package"]} - {answers["project_slug"]}
        return installed | set(json.loads(modules.stdout))


def read() -> set[str]:
    """The names that are reserved now."""
    if not TARGET.exists():
        return set()
    content = yaml.safe_load(TARGET.read_text(encoding="utf-8"))
    return set(content["reserved_names"]["default"].split())


def write(names: set[str]) -> None:
    usable = sorted(
        name for name in map(normalise, names) if name.isidentifier() and name[0] != "_"
    )
    lines = fill(
        " ".join(dict.fromkeys(usable)),
        110,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    TARGET.write_text(f"{HEADER}{lines}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    features = {question.name: True for question in load()[1] if question.type == "bool"}
    answers: dict[str, object] = {"project_slug": "every-name", "sample": "shop", **features}
    write(read() | WINDOWS_DEVICES | ADDED_IN_3_14 | python_names() | project_names(answers))
