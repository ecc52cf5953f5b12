"""Uploads are checked by content, downloads by location."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.models.product import Product, ProductImage
from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.shop.application import http_scope
from backend.tests.fixtures.shop.data import DATA_FOLDER

MEDIA = "/api/v1/media"
PNG = (DATA_FOLDER / "shop" / "mug.png").read_bytes()


@pytest.fixture
async def product(db_session: AsyncSession) -> Product:
    """A product without images."""
    return await ProductFactory.create(db_session)


async def upload(
    client: httpx2.AsyncClient,
    product: Product,
    content: bytes,
    name: str = "mug.png",
    content_type: str = "image/png",
) -> httpx2.Response:
    return await client.post(
        f"/api/v1/products/{product.id}/images", files={"file": (name, content, content_type)}
    )


def stored(root: Path) -> list[str]:
    return [path.name for path in root.iterdir()]


class TestUpload:
    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
    async def test_an_image_is_returned_unchanged_and_deleted_with_its_row(
        self,
        suffix: str,
        admin_client: httpx2.AsyncClient,
        product: Product,
        media_root: Path,
    ) -> None:
        content = (DATA_FOLDER / "shop" / f"mug.{suffix}").read_bytes()
        image = (await upload(admin_client, product, content)).json()
        assert image["content_type"] == f"image/{suffix}".replace("jpg", "jpeg")
        read = await admin_client.get(f"{MEDIA}/{image['name']}")
        assert read.content == content
        assert read.headers["content-type"] == image["content_type"]
        assert "sandbox" in read.headers["content-security-policy"]
        assert read.headers["x-content-type-options"] == "nosniff"

        url = f"/api/v1/products/{product.id}/images"
        assert [row["id"] for row in (await admin_client.get(url)).json()] == [image["id"]]
        assert (await admin_client.delete(f"{url}/{image['id']}")).status_code == 204
        assert (await admin_client.get(f"{MEDIA}/{image['name']}")).status_code == 404
        assert stored(media_root) == []

    async def test_other_files_are_refused_whatever_their_name(
        self,
        admin_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        media_root: Path,
        product: Product,
    ) -> None:
        for content in (
            b"",
            b"<?php system($_GET['c']); ?>",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"GIF89a" + PNG,
            b"MZ\x90\x00",
            b" " + PNG,
        ):
            answer = await upload(admin_client, product, content)
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert stored(media_root) == []
        assert await db_session.scalar(select(func.count()).select_from(ProductImage)) == 0

    async def test_the_uploaded_name_is_ignored(
        self, admin_client: httpx2.AsyncClient, media_root: Path, product: Product
    ) -> None:
        names = set()
        for name in ("../../evil.png", "a/b.png", "\\\\host\\x.png", ".htaccess"):
            image = (await upload(admin_client, product, PNG, name, "text/html")).json()
            assert image["content_type"] == "image/png"
            names.add(image["name"])
        assert set(stored(media_root)) == names
        assert all(re.fullmatch(r"[0-9a-f]{32}\.png", name) for name in names)

    async def test_a_file_above_the_limit_is_refused(
        self, admin_client: httpx2.AsyncClient, media_root: Path, product: Product
    ) -> None:
        limit = 512 * 1024
        padded = PNG + b"\0" * (limit - len(PNG))
        assert (await upload(admin_client, product, padded)).status_code == 201
        answer = await upload(admin_client, product, padded + b"\0")
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert len(stored(media_root)) == 1

    async def test_an_endless_body_is_cut_off(
        self, admin_client: httpx2.AsyncClient, product: Product
    ) -> None:
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            while sent < 100:
                sent += 1
                yield b"x" * 64 * 1024

        answer = await admin_client.post(
            f"/api/v1/products/{product.id}/images",
            content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert sent == 16, "more was read than the limit of 1 MiB"


class TestTraversal:
    @pytest.fixture(autouse=True)
    def _secret(self, media_root: Path, shop: object) -> None:
        """A file beside the folder, one above it, and a link to it."""
        secret = media_root.parent / "secret.png"
        secret.write_bytes(b"secret")
        (media_root / "link.png").symlink_to(secret)
        (media_root / "notes.txt").write_text("secret", encoding="utf-8")

    async def test_no_file_outside_the_folder_is_served(self, client: httpx2.AsyncClient) -> None:
        for name in (
            "%2e%2e/secret.png",
            "%2e%2e%2fsecret.png",
            "..%2fsecret.png",
            "%252e%252e%252fsecret.png",
            "x/..%2f..%2fsecret.png",
            "..%5csecret.png",
            "secret.png%00.png",
            "link.png",
            "notes.txt",
            "%2fetc%2fpasswd",
            "",
            "%2e",
            "x" * 5000,
        ):
            answer = await client.get(f"{MEDIA}/{name}")
            assert answer.status_code == 404, name
            assert b"secret" not in answer.content
            assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("path", [f"{MEDIA}/../secret.png", f"{MEDIA}//etc/passwd"])
    async def test_nor_to_a_client_that_does_not_normalize_paths(
        self, path: str, app: FastAPI
    ) -> None:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(http_scope(path), receive, send)
        assert sent[0]["status"] == 404
        assert b"secret" not in b"".join(message.get("body", b"") for message in sent)
