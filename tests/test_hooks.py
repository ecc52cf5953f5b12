"""Cookiecutter's hooks: where they read the template from, and each way a verification can end."""

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks import answers, verify
from scripts.questions import ROOT, load
from tests.engines import (
    by_cookiecutter,
    by_copier,
    cookiecutter_config,
    git,
    release,
    run_cookiecutter,
    tree,
)

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="3" tests="215" time="23.21">
<properties>
<property name="services" value="PostgreSQL 18.6 embedded"/><property name="python" value="3.11.7"/>
<property name="xfailed" value="2"/>
</properties>
</testsuite></testsuites>
"""
# Stands in for uv: writes its environment, its calls and a report, or fails.
FAKE_UV = """#!/bin/sh
env > "$FAKE/environment"
echo "uv $*" >> "$FAKE/calls"
case "$1" in
sync) exit "${FAKE_SYNC:-0}" ;;
esac
echo "last lines of the suite"
[ -z "$FAKE_SLEEP" ] || { trap 'sleep 1; echo cleaned-up; exit 130' INT; sleep "$FAKE_SLEEP"; }
for word; do case $word in --junit-xml=*) cp "$FAKE/report.xml" "${word#*=}" ;; esac; done
exit "${FAKE_SUITE:-0}"
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the only `uv` on the PATH: FAKE_UV, its report and what it was called with."""
    folder = tmp_path / "fake"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "uv"
    program.write_text(FAKE_UV, encoding="utf-8")
    program.chmod(0o755)
    (folder / "report.xml").write_text(REPORT, encoding="utf-8")
    for tool in ("git", "sh", "env", "mkdir", "cp", "sleep"):
        (folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.delenv("GREENFIELD_VERIFY")
    return folder


Generate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def generate(template: Path, tmp_path: Path) -> Generate:
    """Run `cookiecutter --no-input` into tmp_path/out with more variables of the environment."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_cookiecutter(template, tmp_path / "out", "--no-input", *arguments, **environment)

    return run


def assert_complete(project: Path) -> None:
    assert (project / "pyproject.toml").exists()
    assert (project / ".copier-answers.yml").exists()


class TestVerification:
    def test_a_pass_ends_with_one_line(self, fake: Path, generate: Generate) -> None:
        result = generate()
        assert result.returncode == 0
        assert result.stdout.splitlines()[-3:] == [
            "verified: 212 passed, 1 skipped, 2 xfailed in 23 s"
            " · PostgreSQL 18.6 embedded · Python 3.11.7",
            "Next: cd out/my-backend && git init",
            'Then: README.md there, "Run the application".',
        ]
        calls = (fake / "calls").read_text(encoding="utf-8").splitlines()
        assert [call.split(" --junit-xml")[0] for call in calls] == [
            "uv sync --quiet",
            "uv run pytest -n auto",
        ]

    def test_a_report_without_properties_is_enough(self, fake: Path, generate: Generate) -> None:
        report = '<testsuites><testsuite tests="3" time="1"/></testsuites>'
        (fake / "report.xml").write_text(report, encoding="utf-8")
        assert "\nverified: 3 passed in 1 s\n" in generate().stdout

    def test_a_run_without_tests_is_no_pass(self, fake: Path, generate: Generate) -> None:
        report = '<testsuites><testsuite tests="0" time="1"/></testsuites>'
        (fake / "report.xml").write_text(report, encoding="utf-8")
        assert "NOT verified: Not one of its tests ran." in generate().stdout

    def test_a_missing_report_is_no_pass(self, fake: Path, generate: Generate) -> None:
        (fake / "report.xml").unlink()
        result = generate()
        assert result.returncode == 0
        assert "NOT verified: " in result.stdout
        assert "Traceback" not in result.stdout

    def test_a_failing_suite_keeps_the_project(
        self, fake: Path, generate: Generate, tmp_path: Path
    ) -> None:
        result = generate(FAKE_SUITE="1")
        assert result.returncode == 0
        assert result.stdout.splitlines()[-4:] == [
            "last lines of the suite",
            "NOT verified: Its suite failed, see above (`run pytest` exited with 1).",
            "The project is complete and kept. To verify it again:",
            "    cd out/my-backend && uv run pytest -n auto",
        ]
        assert_complete(tmp_path / "out" / "my-backend")

    def test_packages_that_cannot_be_installed_keep_the_project(
        self, fake: Path, generate: Generate, tmp_path: Path
    ) -> None:
        result = generate(FAKE_SYNC="2")
        assert result.returncode == 0
        assert "could not be locked and installed, see above; that needs a network" in result.stdout
        assert result.stdout.endswith("    cd out/my-backend && uv run pytest -n auto\n")
        assert_complete(tmp_path / "out" / "my-backend")

    def test_a_full_disk_is_named(
        self, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil.disk_usage(tmp_path)._replace(free=3_100_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
        monkeypatch.setenv("FAKE_SYNC", "2")
        with pytest.raises(verify.NotVerifiedError) as failure:
            verify.verify(tmp_path, str(fake / "bin" / "uv"))
        assert f"Only 3 MB are free in {tmp_path}: make room." in str(failure.value)
        assert "or set TMPDIR to another folder." in str(failure.value)

    def test_a_project_in_somebody_s_repository_is_told_so(
        self, fake: Path, generate: Generate, tmp_path: Path
    ) -> None:
        git(tmp_path, "init", "--quiet")
        last = generate().stdout.splitlines()[-2:]
        assert last[0] == "Next: cd out/my-backend"
        assert last[1].startswith(f"It lies in the repository {tmp_path}: ")
        assert "In a larger repository" in last[1]
        readme = (tmp_path / "out" / "my-backend" / "README.md").read_text(encoding="utf-8")
        assert "\n## In a larger repository\n" in readme

    def test_a_missing_uv_keeps_the_project_and_says_how_to_install_it(
        self, fake: Path, generate: Generate, tmp_path: Path
    ) -> None:
        (fake / "bin" / "uv").unlink()
        result = generate()
        assert result.returncode == 0
        assert "uv is not installed; install it with: python3 -m pip install uv" in result.stdout
        assert result.stdout.endswith("    cd out/my-backend && uv run pytest -n auto\n")
        assert_complete(tmp_path / "out" / "my-backend")

    def test_a_uv_off_the_path_is_used_and_named(self, fake: Path, generate: Generate) -> None:
        hidden = (fake / "bin" / "uv").rename(fake / "uv")
        result = generate(UV=str(hidden), FAKE_SUITE="1")
        assert result.stdout.endswith(f"    cd out/my-backend && {hidden} run pytest -n auto\n")

    def test_strict_fails_the_command(self, fake: Path, generate: Generate, tmp_path: Path) -> None:
        result = generate(GREENFIELD_VERIFY="strict", FAKE_SUITE="1")
        assert result.returncode == 1
        assert "Cookiecutter then deletes the project, except with --keep" in result.stdout
        assert not (tmp_path / "out" / "my-backend").exists()

        kept = generate("--keep-project-on-failure", GREENFIELD_VERIFY="strict", FAKE_SUITE="1")
        assert kept.returncode == 1
        assert_complete(tmp_path / "out" / "my-backend")

    def test_strict_passes_when_the_suite_does(self, fake: Path, generate: Generate) -> None:
        assert generate(GREENFIELD_VERIFY="strict").returncode == 0

    def test_zero_skips(self, fake: Path, generate: Generate, tmp_path: Path) -> None:
        result = generate(GREENFIELD_VERIFY="0")
        assert result.returncode == 0
        assert "Not verified (GREENFIELD_VERIFY=0). To verify the project:\n" in result.stdout
        assert not (fake / "calls").exists()
        assert_complete(tmp_path / "out" / "my-backend")

    def test_another_value_is_refused_before_anything_is_made(
        self, fake: Path, generate: Generate, tmp_path: Path
    ) -> None:
        result = generate(GREENFIELD_VERIFY="yes")
        assert result.returncode == 1
        assert result.stdout == "GREENFIELD_VERIFY=yes: Set it to strict, to 0, or not at all.\n"
        assert not (tmp_path / "out").exists()

    def test_the_engine_s_environment_stays_outside(self, fake: Path, generate: Generate) -> None:
        misleading = {
            "VIRTUAL_ENV": "/elsewhere",
            "PYTHONPATH": "/elsewhere",
            "UV_PROJECT_ENVIRONMENT": "/elsewhere",
            "PYTEST_ADDOPTS": "-x",
            "COVERAGE_PROCESS_START": "x",
        }
        generate(**misleading, UV_INDEX_URL="https://packages.example.com")
        seen = (fake / "environment").read_text(encoding="utf-8").splitlines()
        names = {line.partition("=")[0] for line in seen}
        assert not names & misleading.keys()
        assert "UV_INDEX_URL" in names, "the user's own settings of uv stay"

    def test_ctrl_c_keeps_the_project_and_lets_the_suite_clean_up(
        self, fake: Path, template: Path, tmp_path: Path
    ) -> None:
        command = [
            str(Path(sys.executable).with_name("cookiecutter")),
            *("--config-file", str(cookiecutter_config(tmp_path)), "--no-input"),
            *("--output-dir", str(tmp_path / "out"), str(template)),
        ]
        # A run in a shell's background ignores Ctrl-C, and what it starts would do so too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with subprocess.Popen(
            command,
            env={**os.environ, "FAKE_SLEEP": "60"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            deadline = time.monotonic() + 30
            calls = fake / "calls"
            while not (calls.exists() and "pytest" in calls.read_text(encoding="utf-8")):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.2)  # for the stand-in to set its trap
            os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
            output, _ = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "cleaned-up" in output
        assert "NOT verified: You stopped its verification." in output
        assert_complete(tmp_path / "out" / "my-backend")


def test_no_network_keeps_the_project(
    generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GREENFIELD_VERIFY")
    result = generate(UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty"))
    assert result.returncode == 0
    assert "could not be locked and installed, see above; that needs a network" in result.stdout
    assert_complete(tmp_path / "out" / "my-backend")


class TestTarget:
    def test_an_existing_folder_is_left_alone(self, generate: Generate, tmp_path: Path) -> None:
        mine = tmp_path / "out" / "my-backend" / "README.md"
        mine.parent.mkdir(parents=True)
        mine.write_text("mine", encoding="utf-8")
        result = generate()
        assert result.returncode == 1
        assert 'my-backend" directory already exists' in result.stdout
        assert list(mine.parent.iterdir()) == [mine]
        assert mine.read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize("options", [["-f"], ["-f", "-s"]], ids=["overwrite", "and skip"])
    def test_overwriting_keeps_a_user_s_files_where_a_refused_feature_has_its_own(
        self, generate: Generate, tmp_path: Path, options: list[str]
    ) -> None:
        project = tmp_path / "out" / "my-backend"
        excluded = [entry for entry in load()[0]["_exclude"] if "sample" in entry]
        globs = [entry.split("%}/")[1].split("{%")[0] for entry in excluded]
        base = ROOT / "template"
        mine = [project / path.relative_to(base) for glob in globs for path in base.glob(glob)]
        assert len(mine) >= len(globs)
        mine = [path if path.suffix else path / "mine.py" for path in mine]
        for path in mine:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine", encoding="utf-8")
        result = generate(*options, "sample=none")
        assert result.returncode == 0, result.stdout
        assert {path.read_text(encoding="utf-8") for path in mine} == {"mine"}
        assert (project / "pyproject.toml").exists()

    @pytest.mark.parametrize("place", ["a file", "no rights"])
    def test_a_target_that_cannot_be_written_is_named(
        self, template: Path, tmp_path: Path, place: str
    ) -> None:
        if place == "a file":
            parent = tmp_path / "file"
            parent.touch()
        elif os.geteuid():
            parent = tmp_path / "locked"
            parent.mkdir(mode=0o555)
        elif Path("/proc/self").exists():
            parent = Path("/proc/self")  # not even root makes folders here
        else:
            pytest.skip("root may write everywhere")
        program = Path(sys.executable).with_name("cookiecutter")
        config = cookiecutter_config(tmp_path)
        command: list[str | Path] = [program, "--config-file", config, "--no-input"]
        command += ["--output-dir", parent / "out", template]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 1
        assert result.stdout.startswith("Cannot write in ")
        assert result.stdout.endswith("choose another with --output-dir.\n")
        assert "Traceback" not in result.stdout + result.stderr


class TestTemporaryCopy:
    """Cookiecutter renders a copy of the template, in the folder for temporary files.

    It also leaves one script, the last rendered hook, which is its own affair.
    """

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ([], 0),
            (["project_slug=a/b"], 1),
            (["project_name={{ 1 }}"], 1),
            (["--output-dir", "/proc/self/out"], 1),
        ],
        ids=["success", "wrong answer", "Jinja", "no rights"],
    )
    def test_no_copy_stays(
        self, generate: Generate, tmp_path: Path, arguments: list[str], code: int
    ) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        assert generate(*arguments, TMPDIR=str(temporary)).returncode == code
        assert [path for path in temporary.iterdir() if path.is_dir()] == []

    def test_no_copy_stays_when_the_folder_exists(self, generate: Generate, tmp_path: Path) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        (tmp_path / "out" / "my-backend").mkdir(parents=True)
        assert generate(TMPDIR=str(temporary)).returncode == 1
        assert [path for path in temporary.iterdir() if path.is_dir()] == []

    def test_several_projects_are_made_in_one_process(self, own_template: Path) -> None:
        """As pytest-cookies does it; each run has the hooks of its own version of the template."""
        program = f"""
from pathlib import Path
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

def make(out, **answers):
    return cookiecutter({str(own_template)!r}, no_input=True, output_dir=out, extra_context=answers)

Path("one").mkdir(); make("one")
try:
    make("two", project_slug="../x")
except FailedHookException as error:
    print(error)
Path("three").mkdir(); make("three", sample="none")
hook = Path({str(own_template)!r}, "hooks", "refusals.py")
hook.write_text(hook.read_text().replace("Cannot write in", "NEW SENTENCE"))
try:
    make("/proc/self/out")
except FailedHookException as error:
    print(error)
"""
        folder = own_template.parent
        config = cookiecutter_config(folder)
        result = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "COOKIECUTTER_CONFIG": str(config)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr[-2000:]
        assert "project_slug: " in result.stdout
        assert "NEW SENTENCE /proc" in result.stdout
        assert (folder / "one" / "my-backend" / "backend" / "shop").exists()
        assert not (folder / "three" / "my-backend" / "backend" / "shop").exists()


class TestAddress:
    """A project records where it came from in the form that `copier update` reads."""

    def answers(self, project: Path) -> str:
        return (project / ".copier-answers.yml").read_text(encoding="utf-8")

    def test_a_git_address(self, template: Path, tmp_path: Path) -> None:
        address = f"file://{template}"
        made = by_cookiecutter(address, {}, tmp_path / "a")
        assert tree(made) == tree(by_copier(address, {}, tmp_path / "b"))
        assert f"_src_path: {address}\n" in self.answers(made)

    def test_a_tag(self, own_template: Path, tmp_path: Path) -> None:
        later = own_template / "template" / "LATER.md"
        later.write_text("later\n", encoding="utf-8")
        release(own_template, "v1.1.0")
        address = f"file://{own_template}"
        made = by_cookiecutter(address, {}, tmp_path / "a", checkout="v1.0.0")
        assert not (made / "LATER.md").exists()
        assert "_commit: v1.0.0\n" in self.answers(made)
        assert tree(made) == tree(by_copier(address, {}, tmp_path / "b", vcs_ref="v1.0.0"))

    def test_a_path_is_said_to_be_of_use_on_this_machine_only(
        self, template: Path, generate: Generate, tmp_path: Path
    ) -> None:
        sentence = f"The template came from {template}: `copier update` works only where"
        assert sentence in generate().stdout
        address = "https://example.com/greenfield.git"
        assert answers.path_note(address) == answers.path_note("gh:owner/greenfield") == ""
        assert "file:///srv/greenfield" in answers.path_note("file:///srv/greenfield")

        program = Path(sys.executable).with_name("copier")
        command: list[str | Path] = [
            program,
            "copy",
            "--defaults",
            "--vcs-ref",
            "HEAD",
            template,
            "it's here",
        ]
        result = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stderr
        assert sentence in result
        assert "cd 'it'\\''s here' && uv run pytest -n auto" in result

    def test_a_relative_path_becomes_absolute(
        self, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(template.parent)
        made = by_cookiecutter(template.name, {}, tmp_path / "out")
        assert f"_src_path: {template}\n" in self.answers(made)

    def test_a_folder_without_history_has_no_commit(
        self, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "temporary"  # in somebody else's repository
        temporary.mkdir()
        git(tmp_path, "init", "--quiet")
        release(tmp_path, "v9.9.9")
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        plain = tmp_path / "plain"
        shutil.copytree(template, plain, ignore=shutil.ignore_patterns(".git"))
        made = by_cookiecutter(plain, {}, tmp_path / "a")
        assert tree(made) == tree(by_copier(plain, {}, tmp_path / "b"))
        assert "_commit" not in self.answers(made)

    def test_caches_in_the_work_tree_stay_out(self, own_template: Path, tmp_path: Path) -> None:
        expected = tree(by_cookiecutter(own_template, {}, tmp_path / "a"))
        cache = own_template / "template" / "backend" / "__pycache__"
        cache.mkdir()
        (cache / "main.cpython-311.pyc").write_bytes(b"\x00")
        (own_template / "template" / "backend" / "nothing").mkdir()
        for name in (".mypy_cache", ".ruff_cache"):
            cache = own_template / "template" / "vendor" / "pytest-greenfield" / "src" / name
            cache.mkdir()
            (cache / "CACHEDIR.TAG").touch()
        assert tree(by_cookiecutter(own_template, {}, tmp_path / "b")) == expected


def test_the_line_is_made_of_what_the_plugin_writes(tmp_path: Path) -> None:
    """`verified: …` of a real run: the properties have the names that the hook looks for."""
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tests" / "unit" / "test_a.py").write_text("def test_a(): ...", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--junit-xml=report.xml"]
    subprocess.run(command, cwd=tmp_path, env=verify.environment(), check=True, capture_output=True)
    version = platform.python_version()
    line = rf"1 passed in \d+ s( · PostgreSQL .*)? · Python {re.escape(version)}"
    assert re.fullmatch(line, verify.summary(tmp_path / "report.xml"))


def test_hooks_use_only_what_every_engine_has() -> None:
    allowed = {"cookiecutter", "hooks", "jinja2", "yaml", *sys.stdlib_module_names}
    for path in (ROOT / "hooks").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].split(".")[0] in allowed, f"{path.name}: {line}"
