"""Files over real sockets, where no client normalizes the URL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer

from backend.tests.e2e.shop.purchases import create_product
from backend.tests.fixtures.accounts.live import Person
from backend.tests.fixtures.shop.data import DATA_FOLDER

PICTURE = (DATA_FOLDER / "shop" / "mug.png").read_bytes()


async def upload(admin_session: Person, content: bytes, name: str = "mug.png") -> httpx2.Response:
    product = await create_product(admin_session, sku="E2E-PICTURE", stock=1)
    path = f"/api/v1/products/{product['id']}/images"
    return await admin_session.client.post(path, files={"file": (name, content, "image/png")})


async def test_anyone_can_download_an_uploaded_file(
    admin_session: Person, live_client: httpx2.AsyncClient
) -> None:
    image = (await upload(admin_session, PICTURE, name="../../mug.exe")).json()
    assert image["name"].endswith(".png")
    path = f"/api/v1/media/{image['name']}"
    download = await live_client.get(path, follow_redirects=True)
    assert download.content == PICTURE
    assert download.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("content", "status"), [(b"MZ\x90\x00", 415), (PICTURE + b"\x00" * 512 * 1024, 413)]
)
async def test_other_files_and_large_ones_are_refused(
    content: bytes, status: int, admin_session: Person
) -> None:
    assert (await upload(admin_session, content)).status_code == status


@pytest.mark.parametrize("up", ["../", "..%2f", "%2e%2e/", "/{parent}/", "%2f{parent}%2f"])
async def test_no_url_leads_out_of_the_folder(
    up: str, live_server: LiveServer, media_folder: Path
) -> None:
    outside = media_folder.parent / "outside.png"
    outside.write_bytes(PICTURE)
    target = f"/api/v1/media/{up.format(parent=str(media_folder.parent)[1:])}outside.png"
    answer = await get_raw(live_server, target)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert PICTURE not in answer


async def get_raw(server: LiveServer, target: str) -> bytes:
    """Request a target unchanged, and return the raw response."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    return answer
