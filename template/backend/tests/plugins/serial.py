"""`@pytest.mark.serial` and `@pytest.mark.serial("mail")`: tests of one group never overlap in a
run.

A file lock is held around each such test, whatever `--dist` says: pytest-xdist's own groups are
ignored by `worksteal`, and by every mode on pytest 9.2 with xdist 3.8. It is taken before the
test's clock starts, so waiting for another worker is no timeout. Without workers there is nothing
to do. Fixtures that tests share outlive the lock.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # tested for before use

_INPUT = "serial_folder"
_FOLDER = pytest.StashKey[Path]()
_GROUP = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Hold locks in a worker; a run without workers pays nothing."""
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.pluginmanager.register(_Locks(Path(workerinput[_INPUT])), "serial-locks")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give all workers of this run one folder for their locks."""
    node.workerinput[_INPUT] = str(_folder(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_fork(session: pytest.Session) -> None:
    """The same for workers that are about to be forked."""
    _folder(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_forked(session: pytest.Session) -> None:
    """Hold locks in a forked worker, which has its tests already."""
    locks = _Locks(_folder(session.config))
    locks.pytest_collection_modifyitems(session.items)
    session.config.pluginmanager.register(locks, "serial-locks")


def _folder(config: pytest.Config) -> Path:
    if _FOLDER not in config.stash:
        config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="pytest-serial-"))
    return config.stash[_FOLDER]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder."""
    folder = config.stash.get(_FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


class _Locks:
    """The worker's side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            mark = item.get_closest_marker("serial")
            if mark is not None:
                item.stash[_GROUP] = str((*mark.args, *mark.kwargs.values(), "default")[0])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        group = item.stash.get(_GROUP, None)
        if group is None:
            return (yield)
        with _lock(self.folder / f"{group.encode().hex()}.lock"):
            return (yield)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the system frees it if this process dies."""
    with path.open("ab") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # closing the file unlocks it
            yield
            return
        import msvcrt

        while True:
            with contextlib.suppress(OSError):  # LK_LOCK gives up after ten seconds
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                break
        yield
