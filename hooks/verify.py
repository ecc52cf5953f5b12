"""Verify a new project: lock and install with uv, run its suite, say in one line what passed.

A failure keeps the project: Cookiecutter deletes one whose hook exits with anything but 0. Only
GREENFIELD_VERIFY=strict, which is for CI, lets the command fail.
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

VARIABLE = "GREENFIELD_VERIFY"
MODES = ("", "1", "strict", "0")
INSTALL_UV = "python3 -m pip install uv"
LITTLE_SPACE = 200_000_000  # bytes; an installed project has more
# Variables of the environment that the engine runs in, and of a pytest or coverage run around it:
# they would send uv to another environment, or change how the project's suite runs.
IGNORED_VARIABLES = re.compile(
    r"VIRTUAL_ENV|CONDA_PREFIX|PYTHON(HOME|PATH|SAFEPATH|WARNINGS|DONTWRITEBYTECODE)|__PYVENV_LAUNCHER__"
    r"|UV_(PROJECT|PROJECT_ENVIRONMENT|WORKING_DIR(ECTORY)?|RUN_RECURSION_DEPTH|FROZEN|LOCKED|NO_SYNC)"
    r"|(PYTEST|COV|COVERAGE)_.*"
)


class NotVerifiedError(Exception):
    """The project is there, but its verification could not pass; the text says why."""


def find_uv() -> str | None:
    """The uv that runs this engine (uvx sets UV), or the one on the PATH."""
    return os.environ.get("UV") or shutil.which("uv")


def environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not IGNORED_VARIABLES.fullmatch(name)
    }


def call(command: list[str], project: Path, failure: str) -> None:
    """Run a command with its output on the screen. Ctrl-C reaches it too: let it clean up first."""
    with subprocess.Popen(command, cwd=project, env=environment()) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
    if code:
        reason = f"{failure} (`{shlex.join(command[1:3])}` exited with {code})."
        raise NotVerifiedError(" ".join([reason, *full_disks(project)]))


def full_disks(project: Path) -> list[str]:
    """A sentence for each folder whose disk is full: uv and pytest seldom name that cause last."""
    folders = {tempfile.gettempdir(): "TMPDIR", str(project): ""}
    return [
        f"Only {free // 1_000_000} MB are free in {folder}: make room"
        + (f", or set {variable} to another folder." if variable else ".")
        for folder, variable in folders.items()
        if (free := shutil.disk_usage(folder).free) < LITTLE_SPACE
    ]


def summary(report: Path) -> str:
    """What passed, from pytest's XML: `9 passed in 2 s · PostgreSQL 18.6 embedded · …`.

    Services and Python are properties in the XML, see summary.py of the plugin pytest-greenfield.
    """
    # S314: the file was written by the process before.
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314
    if suite is None:
        raise NotVerifiedError("Its suite left no result.")
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "skipped", "failures", "errors")}
    passed = counts["tests"] - counts["skipped"] - counts["failures"] - counts["errors"]
    if not passed:
        raise NotVerifiedError("Not one of its tests ran.")
    properties = {each.get("name"): each.get("value") for each in suite.iterfind(".//property")}
    # JUnit's XML has no word for them: pytest counts them as skipped.
    counts["xfailed"] = int(properties.get("xfailed") or 0)
    counts["skipped"] -= counts["xfailed"]
    others = [f", {counts[name]} {name}" for name in ("skipped", "xfailed") if counts[name]]
    parts = [f"{passed} passed{''.join(others)} in {float(suite.get('time', 0)):.0f} s"]
    parts += filter(None, [properties.get("services")])
    parts += [f"Python {version}" for version in filter(None, [properties.get("python")])]
    return " · ".join(parts)


def verify(project: Path, uv: str | None, temporary: Path) -> str:
    """Lock, install and test the project; what passed. Raises NotVerifiedError."""
    if uv is None:
        raise NotVerifiedError(f"uv is not installed; install it with: {INSTALL_UV}")
    print("Locking and installing the packages, a minute the first time ...", flush=True)
    failure = "Its packages could not be locked and installed, see above; that needs a network"
    call([uv, "sync", "--quiet"], project, failure)
    report = temporary / "junit.xml"
    suite = [uv, "run", "pytest", "-n", "auto", f"--junit-xml={report}"]
    call(suite, project, "Its suite failed, see above")
    return summary(report)


def change_folder(project: Path, started_in: Path) -> str:
    """The `cd` command that leads from where the user stands to the project."""
    try:
        folder = min(os.path.relpath(project, started_in), str(project), key=len)
    except ValueError:  # another drive of Windows
        folder = str(project)
    return f"cd {shlex.quote(folder)}"


def repository_around(project: Path) -> str:
    """The root of the git repository that the project lies in, or nothing."""
    command = ["git", "-C", str(project), "rev-parse", "--show-toplevel"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git
        return ""


def next_step(project: Path, started_in: Path) -> str:
    """What to do with a project that is there."""
    there = change_folder(project, started_in)
    if around := repository_around(project):
        return (
            f"Next: {there}\n"
            f"It lies in the repository {around}: "
            'read "In a larger repository" in its README.md first.'
        )
    return f'Next: {there} && git init\nThen: README.md there, "Run the application".'


def run(project: Path, started_in: Path, temporary: Path) -> int:
    """Verify as GREENFIELD_VERIFY says; `temporary` is removed later. Returns the exit code."""
    uv = find_uv()
    mode = os.environ.get(VARIABLE, "")
    program = "uv" if uv is None or shutil.which("uv") else uv
    again = f"    {change_folder(project, started_in)} && {shlex.quote(program)} run pytest -n auto"
    if mode == "0":
        print(f"Not verified ({VARIABLE}=0). To verify the project:\n{again}")
        return 0
    try:
        print(f"verified: {verify(project, uv, temporary)}\n{next_step(project, started_in)}")
        return 0
    except KeyboardInterrupt:
        reason = "You stopped its verification."
    except (NotVerifiedError, OSError, ElementTree.ParseError) as error:
        reason = str(error)
    if mode == "strict":
        print(
            f"NOT verified: {reason}\n{VARIABLE}=strict makes this command fail; "
            "Cookiecutter then deletes the project, except with --keep-project-on-failure.",
            flush=True,
        )
        return 1
    print(f"NOT verified: {reason}\nThe project is complete and kept. To verify it again:\n{again}")
    return 0
