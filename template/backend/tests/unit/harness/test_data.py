"""The data fixtures give each test its own."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.tests.plugins.data import SampleData


def test_unique_ids_differ_and_keep_their_prefix(
    unique_id: Callable[..., str], unique_email: Callable[..., str]
) -> None:
    ids = {unique_id("order") for _ in range(100)}
    assert len(ids) == 100
    assert all(one.startswith("order-") for one in ids)
    assert unique_email("ann").startswith("ann-")


def test_unique_ids_do_not_repeat_with_the_seed(unique_id: Callable[..., str]) -> None:
    random.seed(1)
    first = unique_id()
    random.seed(1)
    assert unique_id() != first


class TestSampleData:
    def test_gives_a_fresh_copy_each_time(self, tmp_path: Path) -> None:
        (tmp_path / "rows.json").write_text('[{"name": "a"}]')
        data = SampleData(tmp_path)
        data["rows"].append("changed")
        assert data["rows"] == [{"name": "a"}]
        assert list(data) == ["rows"]
        assert len(data) == 1

    def test_says_which_files_there_are(self, tmp_path: Path) -> None:
        (tmp_path / "rows.json").write_text("[]")
        with pytest.raises(KeyError, match=r"no other\.json .*there are: rows"):
            SampleData(tmp_path)["other"]


def test_the_media_folder_is_empty(media_root: Path) -> None:
    assert list(media_root.iterdir()) == []
