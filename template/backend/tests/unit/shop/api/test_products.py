"""The catalogue, its images and their files."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from backend.shop.adapters.media import DiskMediaStore, Link
from backend.shop.models.product import Product
from backend.tests.fakes.shop.container import FakeShop

URL = "/api/v1/products"
NEW = {"sku": "NEW-1", "name": "New", "price": "5.00"}
PNG = b"\x89PNG\r\n\x1a\n..."


class TestRead:
    async def test_anyone_lists_and_reads(
        self, client: httpx2.AsyncClient, product: Product
    ) -> None:
        listed = await client.get(URL)
        read = await client.get(f"{URL}/{product.id}")
        assert listed.json() == {"items": [read.json()], "next_cursor": None}
        assert read.json()["price"] == "9.99"  # text: a float would lose cents

    @pytest.mark.parametrize(
        ("params", "count"),
        [
            ({"search": "MU"}, 1),
            ({"search": "cup"}, 0),
            ({"min_price": "9.99", "max_price": "9.99"}, 1),
            ({"min_price": "10"}, 0),
            ({"in_stock": "true"}, 1),
            ({"in_stock": "false"}, 0),
        ],
        ids=str,
    )
    async def test_it_filters(
        self, client: httpx2.AsyncClient, product: Product, params: dict[str, str], count: int
    ) -> None:
        assert len((await client.get(URL, params=params)).json()["items"]) == count

    @pytest.mark.parametrize(
        "params",
        [
            {"search": ""},
            {"search": "x" * 121},
            {"search": "\x00"},
            {"min_price": "-1"},
            {"min_price": "1.001"},
            {"max_price": "dear"},
            {"in_stock": "perhaps"},
            {"limit": "0"},
            {"limit": "101"},
            {"cursor": "nonsense"},
            {"cursor": "x" * 65},
        ],
        ids=lambda params: str(params)[:40],
    )
    async def test_invalid_parameters_are_refused(
        self, client: httpx2.AsyncClient, params: dict[str, str]
    ) -> None:
        response = await client.get(URL, params=params)
        assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
        assert response.json()["errors"][0]["loc"] == ["query", *params]

    @pytest.mark.parametrize(("name", "status"), [("no-uuid", 422), (str(UUID(int=0)), 404)])
    async def test_an_unknown_product_is_not_found(
        self, client: httpx2.AsyncClient, name: str, status: int
    ) -> None:
        response = await client.get(f"{URL}/{name}")
        assert response.status_code == response.json()["status"] == status


class TestChange:
    async def test_from_adding_to_deleting(
        self, client: httpx2.AsyncClient, as_admin: dict[str, str]
    ) -> None:
        added = await client.post(URL, json=NEW, headers=as_admin)
        assert added.status_code == 201
        url = f"{URL}/{added.json()['id']}"
        body = {"description": "Better", "active": True}
        changed = await client.patch(url, json=body, headers=as_admin)
        ignored = {"updated_at": changed.json()["updated_at"]}
        assert changed.json() == added.json() | body | ignored
        assert (await client.delete(url, headers=as_admin)).status_code == 204
        assert (await client.get(url)).status_code == 404

    @pytest.mark.parametrize(
        "body", [{}, {"sku": "x"}, NEW | {"price": 0}, NEW | {"x": 1}], ids=str
    )
    async def test_what_is_wrong_is_refused(
        self, client: httpx2.AsyncClient, as_admin: dict[str, str], body: dict[str, Any]
    ) -> None:
        assert (await client.post(URL, json=body, headers=as_admin)).status_code == 422

    async def test_a_sku_is_unique(
        self, client: httpx2.AsyncClient, product: Product, as_admin: dict[str, str]
    ) -> None:
        body = NEW | {"sku": product.sku}
        assert (await client.post(URL, json=body, headers=as_admin)).status_code == 409

    async def test_an_ordered_product_is_kept(
        self,
        client: httpx2.AsyncClient,
        fake_shop: FakeShop,
        product: Product,
        as_admin: dict[str, str],
    ) -> None:
        fake_shop.uow.products.ordered.add(product.id)
        response = await client.delete(f"{URL}/{product.id}", headers=as_admin)
        assert response.status_code == 409


class TestImages:
    async def upload(
        self,
        client: httpx2.AsyncClient,
        product: Product,
        headers: dict[str, str],
        content: bytes = PNG,
        name: str = "../../evil.html",
    ) -> httpx2.Response:
        files = {"file": (name, content, "text/html")}
        return await client.post(f"{URL}/{product.id}/images", files=files, headers=headers)

    async def test_the_content_determines_the_type(
        self, client: httpx2.AsyncClient, product: Product, as_admin: dict[str, str]
    ) -> None:
        response = await self.upload(client, product, as_admin)
        assert response.status_code == 201
        assert response.json()["content_type"] == "image/png"
        assert response.json()["name"] == "1.png"
        listed = await client.get(f"{URL}/{product.id}/images")
        assert listed.json() == [response.json()]

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"", 415), (b"<svg/>", 415), (b"GIF89a", 415), (PNG.ljust(65, b"."), 413)],
        ids=["empty", "svg", "gif", "large"],
    )
    async def test_other_files_and_large_images_are_refused(
        self,
        client: httpx2.AsyncClient,
        product: Product,
        as_admin: dict[str, str],
        content: bytes,
        status: int,
    ) -> None:
        response = await self.upload(client, product, as_admin, content, "good.png")
        assert response.status_code == status

    async def test_a_request_without_a_file_is_refused(
        self, client: httpx2.AsyncClient, product: Product, as_admin: dict[str, str]
    ) -> None:
        response = await client.post(f"{URL}/{product.id}/images", headers=as_admin)
        assert response.status_code == 422

    async def test_a_removed_one_is_gone(
        self, client: httpx2.AsyncClient, product: Product, as_admin: dict[str, str]
    ) -> None:
        image = (await self.upload(client, product, as_admin)).json()
        url = f"{URL}/{product.id}/images/{image['id']}"
        assert (await client.delete(url, headers=as_admin)).status_code == 204
        assert (await client.delete(url, headers=as_admin)).status_code == 404


class TestMedia:
    @pytest.fixture
    async def name(
        self, client: httpx2.AsyncClient, shop_app: FastAPI, fake_shop: FakeShop, tmp_path: Path
    ) -> str:
        """The name of a file in a store on disk, beside secret files."""
        (tmp_path / "secret.png").write_bytes(b"secret")
        store = DiskMediaStore(tmp_path / "media")
        shop_app.state.shop = replace(fake_shop.shop, media=store)
        await store.save(b"<script>", ".html")
        return await store.save(PNG, ".png")

    async def test_a_file_has_its_content_type(self, client: httpx2.AsyncClient, name: str) -> None:
        response = await client.get(f"/api/v1/media/{name}")
        assert (response.status_code, response.content) == (200, PNG)
        assert response.headers["content-type"] == "image/png"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in response.headers["cache-control"]
        assert "default-src 'none'" in response.headers["content-security-policy"]

    @pytest.mark.parametrize(
        "path",
        [
            "..%2fsecret.png",
            "%2e%2e%2fsecret.png",
            "%2e%2e/secret.png",
            "a%2f..%2f..%2fsecret.png",
            "..%5csecret.png",
            "%252e%252e%252fsecret.png",
            "%2fetc%2fpasswd",
            "nul%00.png",
            "missing.png",
        ],
    )
    async def test_no_spelling_leaves_the_folder(
        self, client: httpx2.AsyncClient, name: str, path: str
    ) -> None:
        response = await client.get(f"/api/v1/media/{path}")
        assert response.status_code == 404
        assert b"secret" not in response.content

    async def test_a_file_stored_elsewhere_is_a_redirect(
        self, client: httpx2.AsyncClient, fake_shop: FakeShop
    ) -> None:
        fake_shop.media.files["1.png"] = PNG
        fake_shop.media.link = Link("https://files.example.org/1.png", 60)
        response = await client.get("/api/v1/media/1.png")
        assert response.status_code == 307
        assert response.headers["location"] == "https://files.example.org/1.png"
        assert response.headers["cache-control"] == "public, max-age=60"

    async def test_a_file_of_another_type_is_not_served(
        self, client: httpx2.AsyncClient, name: str, tmp_path: Path
    ) -> None:
        (page,) = (tmp_path / "media").glob("*.html")
        assert (await client.get(f"/api/v1/media/{page.name}")).status_code == 404
