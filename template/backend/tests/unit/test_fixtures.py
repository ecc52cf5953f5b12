"""Fixtures of the project that need no database."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.core.settings import Settings, load_settings, read_project_name
from backend.tests.fixtures.data import SampleData


class TestSettings:
    @pytest.mark.parametrize("run", ["first", "second"])
    def test_are_read_anew_by_each_test(self, run: str) -> None:
        assert "SERVICE_NAME" not in os.environ
        assert load_settings(Settings).service_name == read_project_name()
        os.environ["SERVICE_NAME"] = run

    def test_are_read_again_when_a_test_asks(
        self, reset_settings_cache: Callable[[], None]
    ) -> None:
        load_settings(Settings)
        os.environ["SERVICE_NAME"] = "renamed"
        assert load_settings(Settings).service_name == read_project_name()
        reset_settings_cache()
        assert load_settings(Settings).service_name == "renamed"


class TestSampleData:
    def test_gives_a_fresh_copy_each_time(self, tmp_path: Path) -> None:
        (tmp_path / "rows.json").write_text('[{"name": "a"}]')
        data = SampleData(tmp_path)
        data["rows"].append("changed")
        assert data["rows"] == [{"name": "a"}]
        assert (list(data), len(data)) == (["rows"], 1)

    def test_says_which_files_there_are(self, tmp_path: Path) -> None:
        (tmp_path / "rows.json").write_text("[]")
        with pytest.raises(KeyError, match=r"no other\.json .*there are: rows"):
            SampleData(tmp_path)["other"]
