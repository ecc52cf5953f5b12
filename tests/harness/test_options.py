"""The plugin works from any folder, in any form of settings; what is wrong is one sentence."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pytest_greenfield import settings

from tests.harness.conftest import SETTINGS, RunSuite, write

FILES = {
    "backend/tests/unit/test_a.py": "def test_a(): ...",
    "backend/tests/gpu/test_b.py": "def test_b(): ...",
}


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("levels", ["unit"], "greenfield_levels takes name=value, like unit=1: 'unit' is not."),
        ("levels", ["unit=x"], "takes a number of seconds, like unit=5: not unit=x."),
        ("levels", ["unit=-1"], "takes a number of seconds, like unit=5: not unit=-1."),
        ("levels", ["unit=nan"], "takes a number of seconds, like unit=5: not unit=nan."),
        ("levels", ["slow=1"], "greenfield_levels names no level: write unit=1, for example."),
        ("default_level", "x", "greenfield_default_level takes error, unit: 'x' is none of them."),
        ("leaks", "ignore", "greenfield_leaks takes error, warn, off: 'ignore' is none of them."),
        ("environment", ["URL"], "like DATABASE_URL={postgres.url}: 'URL' is not."),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    tmp_path: Path, setting: str, value: object, sentence: str
) -> None:
    with pytest.raises(pytest.UsageError, match=re.escape(sentence)):
        settings.read(config_with(tmp_path, **{setting: value}))


def config_with(root: Path, **values: object) -> pytest.Config:
    """Return what stands in for a config whose settings are the usual ones but for `values`."""
    usual: dict[str, object] = {
        "levels": ["unit=1"],
        "default_level": "error",
        "leaks": "error",
        "migrations": "",
        "environment": ["DATABASE_URL={postgres.url}"],
    }
    found = usual | values
    config = SimpleNamespace(
        getini=lambda name: found[name.removeprefix("greenfield_")], rootpath=root
    )
    return cast("pytest.Config", config)


def test_alembic_makes_the_schema_where_it_is_set_up(tmp_path: Path) -> None:
    assert settings.read(config_with(tmp_path)).migrations == "none"
    (tmp_path / "alembic.ini").touch()
    assert settings.read(config_with(tmp_path)).migrations == "alembic.ini"


def test_placeholders_are_filled_in_and_unknown_ones_refused(tmp_path: Path) -> None:
    lines = ["URL=postgresql+asyncpg://{postgres.address}", 'JSON={"a": 1}', "A=x=y"]
    read = settings.read(config_with(tmp_path, environment=lines))
    assert read.variables({"postgres.address": "me:pw@db/x"}) == {
        "URL": "postgresql+asyncpg://me:pw@db/x",
        "JSON": '{"a": 1}',
        "A": "x=y",
    }
    with pytest.raises(pytest.UsageError, match=re.escape("does not know {postgres.address}")):
        read.variables({"postgres.url": "postgresql://db"})


@pytest.mark.parametrize(
    "setting", ['greenfield_leaks = "ignore"', "greenfield_leaks = true", 'timeout = "300"']
)
def test_and_it_ends_the_run_before_it_begins(run: RunSuite, setting: str) -> None:
    result = run(FILES, settings=setting)
    assert result.exit_code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: " in result.output
    assert setting.split()[0] in result.output
    assert "Traceback" not in result.output


def test_options_work_from_a_folder_below(
    run: RunSuite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester.path, FILES)
    monkeypatch.chdir(pytester.path / "backend")
    pytester.path.joinpath("pyproject.toml").write_text("")
    for options in (
        ["--randomly-seed=5", "--timeout=3", "--gpu"],
        ["--randomly-seed", "5", "--timeout", "3", "tests/gpu", "tests/unit/test_a.py"],
    ):
        result = run(FILES, *options)
        assert result.passed == {"test_a", "test_b"}, result.output
        assert "random seed: 5" in result.output


def test_an_ini_file_will_do(pytester: pytest.Pytester) -> None:
    slow = "import time\ndef test_slow(): time.sleep(60)"
    write(pytester.path, {"checks/fast/test_a.py": slow})
    pytester.makeini(
        """
        [pytest]
        addopts = --strict-markers --strict-config
        greenfield_levels = fast=0.05 integration=5
        greenfield_environment =
            DATABASE_URL={postgres.url}
            ENVIRONMENT=test
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*still running after 0.05 s*the limit of fast tests*"])


def test_an_unknown_marker_is_an_error_and_the_plugins_own_are_known(run: RunSuite) -> None:
    source = """
        import pytest
        @pytest.mark.{marker}
        def test_marker(): ...
    """
    unknown = run({"tests/unit/test_a.py": source.format(marker="slwo")})
    assert "'slwo' not found in `markers`" in unknown.output
    assert run({"tests/unit/test_a.py": source.format(marker="serial")}).passed == {"test_marker"}


INTERRUPTED = """
    import asyncio, pathlib, time
    import pytest

    def finished(name): pathlib.Path(name).touch()

    @pytest.fixture(scope="session", autouse=True)
    def session_fixture():
        yield
        finished("session")

    @pytest.fixture(autouse=True)
    async def function_fixture():
        yield
        await asyncio.sleep(0)
        finished("function")

    @pytest.mark.timeout(30)
    {test}
"""
TESTS = {
    "unit": "def test_it(): finished('started'); time.sleep(30)",
    "integration": "async def test_it(): finished('started'); await asyncio.sleep(30)",
    "e2e": "def test_it(): pytest.exit('enough')",
}


@pytest.mark.parametrize("level", TESTS)
def test_ctrl_c_and_pytest_exit_end_the_run_in_order(
    run: RunSuite, pytester: pytest.Pytester, level: str
) -> None:
    files = {f"tests/{level}/test_a.py": INTERRUPTED.format(test=TESTS[level])}
    write(pytester.path, {"pyproject.toml": SETTINGS, **files})
    with subprocess.Popen(
        [sys.executable, "-m", "pytest"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while level != "e2e" and not (pytester.path / "started").exists():
            if process.poll() is not None:
                break
            time.sleep(0.02)
        if level != "e2e":
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    for teardown in ("session", "function"):
        assert (pytester.path / teardown).exists(), output
    assert "Traceback" not in output
    assert "enough" in output if level == "e2e" else "KeyboardInterrupt" in output
