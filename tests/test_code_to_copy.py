"""What the documents of a generated project give to copy works there: tests and commands."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hooks.verify import environment
from tooling.documents import blocks, section
from tooling.git import commit
from tooling.render import render_with_copier
from tooling.uv import free_port, one_at_a_time, readable_folder, uv

pytestmark = [pytest.mark.suite, pytest.mark.timeout(1800)]

each_sample = pytest.mark.parametrize("sample", ["none", "accounts", "shop"])
OF_THE_TABLE = """\"\"\"The table that the copied migration changes.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "000000000001"
down_revision = HEAD
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("invoice", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("invoice")
"""


def documents(project: Path) -> list[Path]:
    """Return the documents of a project, without the plugin's."""
    found = [path.relative_to(project) for path in sorted(project.rglob("*.md"))]
    return [project / path for path in found if path.parts[0] not in {".venv", "vendor"}]


def copy_code(project: Path) -> list[str]:
    """Write each block of Python to the file that its first line names; return their paths."""
    written = []
    for document in documents(project):
        for code in blocks(document.read_text(encoding="utf-8"), "python"):
            first = re.match(r"# ((?:backend|migrations)/\S+\.py)\n", code)
            assert first, f"{document.name}: the first line of a block names its file\n{code}"
            path = project / re.sub(r"<\w+>", "copied", first[1])
            assert not path.exists(), path
            path.write_text(code, encoding="utf-8")
            written.append(path.relative_to(project).as_posix())
    return written


def chain_migrations(project: Path, copied: list[str], heads: str) -> None:
    """Put the copied migration after the project's own, and after one that makes its table."""
    head = re.search(r"(\w+) \(head\)", heads)
    text = OF_THE_TABLE.replace("HEAD", f'"{head[1]}"' if head else "None")
    made = [name for name in copied if name.startswith("migrations/")]
    assert len(made) == 1
    path = project / made[0]
    code = path.read_text(encoding="utf-8")
    assert "\ndown_revision = None\n" in code
    path.write_text(code.replace("down_revision = None", 'down_revision = "000000000001"'), "utf-8")
    (path.parent / "000000000001_invoice.py").write_text(text, encoding="utf-8")


@each_sample
def test_copied_tests_pass(template: Path, tmp_path: Path, sample: str) -> None:
    project = render_with_copier(template, {"sample": sample}, tmp_path)
    uv(project, "sync", "--quiet")
    heads = uv(project, "run", "alembic", "heads")
    copied = copy_code(project)
    chain_migrations(project, copied, heads)
    tests = [name for name in copied if "/test_" in name]
    assert {name.split("/")[2] for name in tests} >= {"unit", "integration"}
    with one_at_a_time():
        uv(project, "run", "pytest", "--junit-xml=report.xml", *tests)
    root = ET.parse(project / "report.xml").getroot()  # noqa: S314 - of the run itself
    passed = {case.get("classname") for case in root.iter("testcase") if not list(case)}
    assert passed == {name.removesuffix(".py").replace("/", ".") for name in tests}
    for check in ("ruff check", "ruff format --check", "mypy"):
        uv(project, "run", *check.split(), *([] if check == "mypy" else copied))


@contextmanager
def in_background(project: Path, command: str, **variables: str) -> Iterator[None]:
    """Run a command until the block ends, and then end it by Ctrl-C."""
    with (project / "background.txt").open("w") as output:
        process = subprocess.Popen(
            shlex.split(command),
            cwd=project,
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)


def wait_until(answer: str, *, seconds: float = 60) -> bytes:
    """Return what is at a URL once it is there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(answer, timeout=5) as response:  # noqa: S310 - our own
                return bytes(response.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def development_server(project: Path, cache: Path) -> Iterator[None]:
    """Start the PostgreSQL of README, and wait until it has written its address."""
    run = section((project / "README.md").read_text(encoding="utf-8"), "Run the application")
    with in_background(project, blocks(run, "sh")[0], TEST_CACHE_DIR=str(cache)):
        deadline = time.monotonic() + 120
        while not (project / ".env").exists():
            assert time.monotonic() < deadline, (project / "background.txt").read_text("utf-8")
            time.sleep(0.1)
        yield


@each_sample
def test_the_application_runs_as_readme_says(template: Path, sample: str) -> None:
    with readable_folder() as folder:
        project = render_with_copier(template, {"sample": sample}, folder)
        uv(project, "sync", "--quiet")
        run = section((project / "README.md").read_text(encoding="utf-8"), "Run the application")
        *before, serve = blocks(run, "sh")[1].splitlines()
        with development_server(project, folder / "cache"):
            for line in before:
                command = shlex.split(line, comments=True)
                subprocess.run(command, cwd=project, env=environment(), check=True)
            port = str(free_port())
            with in_background(project, serve, UVICORN_PORT=port):
                ready = wait_until(f"http://127.0.0.1:{port}/health/ready")
                assert json.loads(ready)["components"]["database"] == "ok"
                assert b"openapi.json" in wait_until(f"http://127.0.0.1:{port}/docs")


# Placeholders, Docker, and a server that runs until Ctrl-C, which the test above starts.
NOT_RUN = re.compile(r"…|EMAIL|docker|54329|pytest-greenfield serve|^uv run uvicorn|^rm -r")


@pytest.mark.nightly
def test_commands_to_copy_run(template: Path) -> None:
    with readable_folder() as folder:
        project = render_with_copier(template, {"sample": "none"}, folder)
        commit(project)
        variables = {**environment(), "TEST_CACHE_DIR": str(folder / "cache")}
        uv(project, "sync", "--quiet")
        seen = 0
        with development_server(project, folder / "cache"), one_at_a_time():
            for document in documents(project):
                for block in blocks(document.read_text(encoding="utf-8"), "sh"):
                    lines = [line for line in block.splitlines() if not NOT_RUN.search(line)]
                    result = subprocess.run(
                        ["bash", "-ec", "\n".join(lines)],
                        cwd=project,
                        env=variables,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        text=True,
                        check=False,
                    )
                    end = f"{result.stdout[-3000:]}\n{result.stderr[-1000:]}"
                    assert result.returncode == 0, f"{document.name}:\n{block}\n{end}"
                    seen += len(lines)
        assert seen > 20
