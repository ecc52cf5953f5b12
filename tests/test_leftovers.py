"""What stays of a run of Cookiecutter: all of the user's, and nothing else when it ends early."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stand_in import Generate, assert_complete
from tooling import TEMPLATE
from tooling.questions import load
from tooling.render import cookiecutter_config, run_cookiecutter


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of what the test runs."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def assert_empty(temporary: Path) -> None:
    """Fail where something stays; a process of its own may remove it a moment after the end."""
    deadline = time.monotonic() + 20
    while left := list(temporary.iterdir()):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


# Cookiecutter on a disk that is full once the project's folder is made.
FULL_DISK = """
import resource, sys
from pathlib import Path
from cookiecutter import generate, main

def make(*arguments, original=generate.render_and_create_dir):
    made = original(*arguments)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    return made

generate.render_and_create_dir = make
template, mine = sys.argv[1:]
try:
    main.cookiecutter(template, no_input=True, overwrite_if_exists=True, output_dir="out",
                      extra_context={"sample": "none"})
finally:
    if mine:
        Path("out", "my-backend", mine).touch()
"""


def run_python(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that calls Cookiecutter as a library."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "COOKIECUTTER_CONFIG": str(cookiecutter_config(folder))},
        capture_output=True,
        text=True,
        check=False,
    )


def wait_for(process: subprocess.Popen[bytes], text: str, file: Path | None = None) -> None:
    """Wait until a process has written so, to its output or to a file."""
    seen = b""
    deadline = time.monotonic() + 60
    while text.encode() not in seen:
        assert time.monotonic() < deadline, seen
        if file is None:
            assert process.stdout
            seen += os.read(process.stdout.fileno(), 4096)
        else:
            time.sleep(0.05)
            seen = file.read_bytes() if file.exists() else b""


class TestAnEarlyEnd:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["sample=nothing"],
            ["project_slug=a/b"],
            ["project_name={{ 1 }}"],
            ["--output-dir", "/proc/self/out"],
            ["--replay"],
            ["--replay-file", "nothing.json"],
        ],
        ids=lambda arguments: arguments[0],
    )
    def test_nothing_stays_of_a_refused_run(
        self, template: Path, tmp_path: Path, temporary: Path, arguments: list[str]
    ) -> None:
        if not arguments[0].startswith("--replay"):
            arguments = ["--no-input", *arguments]
        assert run_cookiecutter(template, tmp_path / "out", *arguments).returncode == 1
        assert_empty(temporary)
        assert not (tmp_path / "out").exists()

    def test_nothing_stays_when_the_folder_exists(
        self, generate: Generate, tmp_path: Path, temporary: Path
    ) -> None:
        (tmp_path / "out" / "my-backend").mkdir(parents=True)
        assert generate().returncode == 1
        assert_empty(temporary)
        assert (tmp_path / "out" / "my-backend").exists()

    def test_nothing_stays_of_a_strict_run_that_fails(
        self, fake: Path, generate: Generate, tmp_path: Path, temporary: Path
    ) -> None:
        assert generate(GREENFIELD_VERIFY="strict", FAKE_SUITE="1").returncode == 1
        assert_empty(temporary)
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("variables", [{}, {"FAKE_SUITE": "1"}], ids=["passes", "fails"])
    def test_only_the_project_stays(
        self,
        fake: Path,
        generate: Generate,
        tmp_path: Path,
        temporary: Path,
        variables: dict[str, str],
    ) -> None:
        assert generate(**variables).returncode == 0
        assert_empty(temporary)
        assert_complete(tmp_path / "out" / "my-backend")

    @pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
    @pytest.mark.parametrize("asked", [True, False], ids=["at a question", "in the hook"])
    def test_only_a_complete_project_stays_after_a_signal(
        self, fake: Path, template: Path, tmp_path: Path, temporary: Path, end: str, asked: bool
    ) -> None:
        program = Path(sys.executable).with_name("cookiecutter")
        config = cookiecutter_config(tmp_path)
        command = [str(program), "--config-file", str(config), "--output-dir", "out", str(template)]
        with subprocess.Popen(
            command if asked else [*command, "--no-input"],
            cwd=tmp_path,
            env={**os.environ, "FAKE_SLEEP": "60"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            if asked:
                wait_for(process, "What is the project called?")
            else:
                wait_for(process, "pytest", fake / "calls")
            os.killpg(process.pid, signal.Signals[end])
            process.communicate(timeout=60)
        assert_empty(temporary)
        if asked:
            assert not (tmp_path / "out").exists()
        else:
            assert_complete(tmp_path / "out" / "my-backend")

    @pytest.mark.parametrize("mine", ["", "mine.txt"], ids=["", "and what the user put there"])
    def test_nothing_stays_of_a_full_disk(
        self, template: Path, tmp_path: Path, temporary: Path, mine: str
    ) -> None:
        result = run_python(tmp_path, FULL_DISK, str(template), mine)
        assert "File too large" in result.stderr
        assert_empty(temporary)
        left = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert left == [mine] * bool(mine)
        assert (tmp_path / "out").exists() == bool(mine)


class TestTheUsersFiles:
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
        places = [path for glob in globs for path in TEMPLATE.glob(glob)]
        mine = [project / path.relative_to(TEMPLATE) for path in places]
        assert len(mine) >= len(globs)
        mine = [path if path.suffix else path / "mine.py" for path in mine]
        for path in mine:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine", encoding="utf-8")
        result = generate(*options, "sample=none")
        assert result.returncode == 0, result.stdout
        assert {path.read_text(encoding="utf-8") for path in mine} == {"mine"}
        assert (project / "pyproject.toml").exists()

    @pytest.mark.parametrize("end", ["a full disk", "a strict run that fails"])
    def test_a_failure_while_overwriting_deletes_nothing(
        self, fake: Path, template: Path, generate: Generate, tmp_path: Path, end: str
    ) -> None:
        mine = [tmp_path / "out" / "my-backend" / name for name in ("mine.py", "backend/mine.py")]
        for path in [*mine, mine[0].with_name("README.md")]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine", encoding="utf-8")
        if end == "a full disk":
            assert "File too large" in run_python(tmp_path, FULL_DISK, str(template), "").stderr
        else:
            assert generate("-f", GREENFIELD_VERIFY="strict", FAKE_SUITE="1").returncode == 1
        assert {path.read_text(encoding="utf-8") for path in mine} == {"mine"}
        assert mine[0].with_name("README.md").exists()

    @pytest.mark.parametrize("place", ["a file", "no rights"])
    def test_a_target_that_cannot_be_written_is_named(
        self, generate: Generate, tmp_path: Path, place: str
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
        result = generate("--output-dir", str(parent / "out"))
        assert result.returncode == 1
        assert result.stdout.startswith("Cannot write in ")
        assert result.stdout.endswith("choose another with --output-dir.\n")


def test_several_projects_are_made_in_one_process(own_template: Path, temporary: Path) -> None:
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
    result = run_python(folder, program)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "project_slug: " in result.stdout
    assert "NEW SENTENCE /proc" in result.stdout
    assert (folder / "one" / "my-backend" / "backend" / "shop").exists()
    assert not (folder / "three" / "my-backend" / "backend" / "shop").exists()
    assert_empty(temporary)
