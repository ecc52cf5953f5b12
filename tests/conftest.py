"""Fixtures of the template's own tests."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tooling.git import copy_work_tree, git, release

pytest_plugins = ["tests.stand_in"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `nightly`, unless it is asked for."""
    if "nightly" not in config.getoption("markexpr"):
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if item not in nightly]


@pytest.fixture(scope="session", autouse=True)
def signals() -> None:
    """Let what tests start heed Ctrl-C and SIGHUP, which a run in the background ignores."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Engines and git read nothing of the developer's configuration; hooks only render."""
    folder = tmp_path_factory.mktemp("environment")
    copier_settings = folder / "settings.yml"
    copier_settings.write_text("{}", encoding="utf-8")
    settings = {
        "COPIER_CACHE_DIR": str(folder / "copier"),
        "COPIER_SETTINGS_PATH": str(copier_settings),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "t@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        "GREENFIELD_VERIFY": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, environment: None) -> Path:
    """This repository as it stands, committed and tagged v1.0.0: tests only read it."""
    repository = (
        tmp_path_factory.mktemp("template") / "greenfield.git"
    )  # "git": Cookiecutter's URLs
    copy_work_tree(repository)
    git(repository, "init", "--quiet", "--initial-branch=main")
    release(repository, "v1.0.0")
    git(repository, "gc", "--quiet")  # Cookiecutter copies each loose object, every time
    return repository


@pytest.fixture
def own_template(template: Path, tmp_path: Path) -> Path:
    """A clone of the template that a test may change and release."""
    clone = tmp_path / "upstream" / "greenfield.git"
    git(template, "clone", "--quiet", str(template), str(clone))
    return clone


@pytest.fixture(scope="session")
def wiremock_jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WireMock's official jar: WIREMOCK_JAR, or from npm; without npm, a skip outside of CI."""
    if given := os.environ.get("WIREMOCK_JAR"):
        return Path(given)
    missing = [name for name in ("npm", "java") if shutil.which(name) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"there is no {' and no '.join(missing)} on this machine")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--silent", "--no-package-lock", "wiremock@3.13.2"]
    subprocess.run(command, cwd=folder, check=True)
    (jar,) = folder.glob("node_modules/wiremock/build/wiremock-standalone-*.jar")
    return jar
