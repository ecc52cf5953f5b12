"""Uploaded files."""

from pathlib import Path

import pytest

from backend.core.errors import NotFoundError
from backend.shop.adapters.media import (
    IMAGE_TYPES,
    DiskMediaStore,
    UnsupportedMediaError,
    sniff_image,
)
from backend.tests.fixtures.shop.data import DATA_FOLDER


@pytest.fixture
def store(tmp_path: Path) -> DiskMediaStore:
    (tmp_path / "secret.png").write_bytes(b"secret")
    return DiskMediaStore(tmp_path / "media")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("mug.png", "image/png"), ("mug.jpg", "image/jpeg"), ("mug.webp", "image/webp")],
)
def test_an_image_is_recognized_by_its_content(name: str, content_type: str) -> None:
    kind = sniff_image((DATA_FOLDER / "shop" / name).read_bytes())
    assert kind.content_type == content_type
    assert IMAGE_TYPES[kind.suffix] is kind
    assert name.endswith(kind.suffix)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>",
        b"%PDF-1.7",
        b"MZ\x90\x00",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\x89PNG",
        b"  \xff\xd8\xff",
    ],
)
def test_everything_else_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        sniff_image(content)


class TestDiskMediaStore:
    async def test_a_file_is_stored_under_a_new_name(self, store: DiskMediaStore) -> None:
        one, two = await store.save(b"x", ".png"), await store.save(b"x", ".png")
        assert one != two
        assert (await store.find(one)).read_bytes() == await store.read(two) == b"x"

    async def test_no_partial_file_remains(self, store: DiskMediaStore) -> None:
        path = await store.find(await store.save(b"x", ".png"))
        assert list(path.parent.iterdir()) == [path]

    async def test_a_file_can_be_deleted_twice(self, store: DiskMediaStore) -> None:
        name = await store.save(b"x", ".png")
        await store.delete(name)
        await store.delete(name)
        with pytest.raises(NotFoundError):
            await store.find(name)

    @pytest.mark.parametrize(
        "name",
        [
            "../secret.png",
            "..",
            ".",
            "",
            "a/../../secret.png",
            "/etc/passwd",
            "missing.png",
            "nul\x00.png",
            "x" * 5000,
        ],
    )
    async def test_names_that_lead_elsewhere_or_nowhere_find_nothing(
        self, store: DiskMediaStore, name: str
    ) -> None:
        await store.save(b"x", ".png")
        with pytest.raises(NotFoundError):
            await store.find(name)

    async def test_a_link_that_leads_out_finds_nothing(
        self, store: DiskMediaStore, tmp_path: Path
    ) -> None:
        await store.save(b"x", ".png")
        (tmp_path / "media" / "link.png").symlink_to(tmp_path / "secret.png")
        with pytest.raises(NotFoundError):
            await store.find("link.png")

    async def test_deleting_outside_deletes_nothing(
        self, store: DiskMediaStore, tmp_path: Path
    ) -> None:
        await store.delete("../secret.png")
        assert (tmp_path / "secret.png").exists()
