"""Locks between processes that the kernel takes back from a killed one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, shared: bool = False, patience: float = 60.0) -> Iterator[None]:
    """Hold a lock on `path`, made when missing; raise TimeoutError after `patience` seconds."""
    import fcntl  # not on Windows, where nothing gets this far

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + patience
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _try(descriptor, kind):
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"{path} is held by another process for more than {patience:g} s"
                    )
                time.sleep(0.01)
            # Somebody may have removed the file meanwhile: a lock on a nameless file excludes
            # nobody.
            if _same(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)


def is_held(path: Path) -> bool:
    """Say whether some process holds `path` exclusively at this moment."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
