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
from pathlib import Path

import pytest

from hooks import answers, verify
from tests.stand_in import Generate, assert_complete
from tooling import ROOT
from tooling.git import git, release
from tooling.render import (
    cookiecutter_config,
    render_with_cookiecutter,
    render_with_copier,
    tree,
)


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
            verify.verify(tmp_path, str(fake / "bin" / "uv"), tmp_path)
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


class TestAddress:
    """A project records where it came from in the form that `copier update` reads."""

    def answers(self, project: Path) -> str:
        return (project / ".copier-answers.yml").read_text(encoding="utf-8")

    def test_a_git_address(self, template: Path, tmp_path: Path) -> None:
        address = f"file://{template}"
        made = render_with_cookiecutter(address, {}, tmp_path / "a")
        assert tree(made) == tree(render_with_copier(address, {}, tmp_path / "b"))
        assert f"_src_path: {address}\n" in self.answers(made)

    def test_a_tag(self, own_template: Path, tmp_path: Path) -> None:
        later = own_template / "template" / "LATER.md"
        later.write_text("later\n", encoding="utf-8")
        release(own_template, "v1.1.0")
        address = f"file://{own_template}"
        made = render_with_cookiecutter(address, {}, tmp_path / "a", checkout="v1.0.0")
        assert not (made / "LATER.md").exists()
        assert "_commit: v1.0.0\n" in self.answers(made)
        assert tree(made) == tree(render_with_copier(address, {}, tmp_path / "b", vcs_ref="v1.0.0"))

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
        made = render_with_cookiecutter(template.name, {}, tmp_path / "out")
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
        made = render_with_cookiecutter(plain, {}, tmp_path / "a")
        assert tree(made) == tree(render_with_copier(plain, {}, tmp_path / "b"))
        assert "_commit" not in self.answers(made)

    def test_caches_in_the_work_tree_stay_out(self, own_template: Path, tmp_path: Path) -> None:
        expected = tree(render_with_cookiecutter(own_template, {}, tmp_path / "a"))
        cache = own_template / "template" / "backend" / "__pycache__"
        cache.mkdir()
        (cache / "main.cpython-311.pyc").write_bytes(b"\x00")
        (own_template / "template" / "backend" / "nothing").mkdir()
        for name in (".mypy_cache", ".ruff_cache"):
            cache = own_template / "template" / "vendor" / "pytest-greenfield" / "src" / name
            cache.mkdir()
            (cache / "CACHEDIR.TAG").touch()
        assert tree(render_with_cookiecutter(own_template, {}, tmp_path / "b")) == expected


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
