"""`@pytest.mark.serial` and `@pytest.mark.serial("mail")`: tests of one group never overlap.

A file lock is held around each such test, whatever `--dist` says: pytest-xdist's own groups are
ignored by `worksteal`, and by every mode on pytest 9.2 with xdist 3.8. It is taken before the
test's time limit starts, so waiting for another worker is no timeout. Without workers there is
nothing to do. Fixtures that tests share outlive the lock.

The files lie in the cache and have names that stay the same, so nothing accumulates when runs are
killed; two runs of a project take turns as well.
"""

import os
import re
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from pathlib import Path

import pytest

_POLL = 0.01  # seconds; a test of a group is often shorter than filelock's own 0.05


class Serial:
    """The locks of a worker."""

    def __init__(self, rootpath: Path) -> None:
        self._root = rootpath
        self.in_worker = False

    def turn(self, item: pytest.Item) -> AbstractContextManager[object]:
        """Return what holds the lock of a test's group around it."""
        mark = item.get_closest_marker("serial") if self.in_worker else None
        if mark is None:
            return nullcontext()
        from filelock import FileLock  # 25 ms, which runs without such tests do not pay

        group = str((*mark.args, *mark.kwargs.values(), "default")[0])
        return FileLock(self._file(group), poll_interval=_POLL)

    def _file(self, group: str) -> Path:
        import platformdirs  # as above

        cache = os.environ.get("TEST_CACHE_DIR") or platformdirs.user_cache_dir("pytest-greenfield")
        key = sha256(f"{self._root}\n{group}".encode(errors="surrogatepass")).hexdigest()[:12]
        readable = re.sub(r"\W", "-", group, flags=re.ASCII)[:40]
        return Path(cache, "serial", f"{readable}-{key}.lock")
