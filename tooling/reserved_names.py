"""reserved_names.yml: the names that a project cannot have.

They are Python's keywords, the standard library's modules, and the packages that a project
installs or imports: uv refuses a project that depends on its own name, and such a folder hides
the module from Python. Names are only ever added: run it with each Python of the template.
"""

import json
import keyword
import sys
import tempfile
import tomllib
from pathlib import Path
from textwrap import fill

import yaml

from tooling import ROOT
from tooling.questions import load
from tooling.render import Answers, render_with_copier
from tooling.uv import uv

TARGET = ROOT / "reserved_names.yml"
HEADER = """\
# Written by `uv run python -m tooling names`; not asked (`when: false`).
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
    """Return a distribution's or module's name as the slug's rule compares it."""
    return name.lower().replace("-", "_").replace(".", "_")


def python_names() -> set[str]:
    """Return the keywords and the modules of the Python that runs this."""
    return {*keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names}


def project_names(answers: Answers) -> set[str]:
    """Return what a generated project installs and can import: needs a network or a warm cache."""
    with tempfile.TemporaryDirectory() as folder:
        project = render_with_copier(ROOT, answers, Path(folder), vcs_ref="HEAD")
        uv(project, "sync", "--quiet")
        lock = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))
        modules = uv(project, "run", "python", "-c", PRINT_MODULES)
        installed = {package["name"] for package in lock["package"]} - {answers["project_slug"]}
        return installed | set(json.loads(modules.splitlines()[-1]))


def read() -> set[str]:
    """Return the names that are reserved now."""
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


def extend() -> None:
    """Add the names of this Python and of what a project installs."""
    features = {question.name: True for question in load()[1] if question.type == "bool"}
    answers: Answers = {"project_slug": "every-name", "sample": "shop", **features}
    write(read() | WINDOWS_DEVICES | ADDED_IN_3_14 | python_names() | project_names(answers))
