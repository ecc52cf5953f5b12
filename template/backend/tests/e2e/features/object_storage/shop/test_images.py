"""Images in the bucket of a running application."""

from __future__ import annotations

import httpx2

from backend.tests.e2e.shop.test_images import PICTURE, upload
from backend.tests.fixtures.accounts.live import Person


async def test_an_image_can_be_downloaded_from_the_storage_in_parts(
    admin_session: Person, live_client: httpx2.AsyncClient, worker_s3: str
) -> None:
    image = (await upload(admin_session, PICTURE)).json()
    path = f"/api/v1/media/{image['name']}"
    link = (await live_client.get(path)).headers["location"]
    assert f"/{worker_s3}/media/{image['name']}?" in link
    async with httpx2.AsyncClient() as anybody:
        download = await anybody.get(link, headers={"Range": "bytes=1-3"})
    assert (download.status_code, download.content) == (206, b"PNG")

    listed = f"/api/v1/products/{image['product_id']}/images/{image['id']}"
    assert (await admin_session.client.delete(listed)).status_code == 204
    assert (await live_client.get(path)).status_code == 404
