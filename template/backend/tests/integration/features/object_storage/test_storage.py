"""Every operation on moto's server, which checks no signatures."""

import socket
from collections.abc import AsyncIterator

import httpx2
import pytest

from backend.core.errors import ConflictError, NotFoundError, UnavailableError
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.storage import PART_BYTES, ObjectStorage
from backend.tests.async_utils import run_concurrent_tasks
from backend.tests.fixtures.application import MakeClient


async def test_an_object_is_written_read_listed_and_deleted(object_storage: ObjectStorage) -> None:
    await object_storage.put("a/1", b"one", content_type="text/plain")
    await object_storage.put("a/2", b"two!", content_type="text/plain")
    await object_storage.put("b/1", b"", content_type="text/plain")
    assert await object_storage.read("a/1") == b"one"
    listed = [(info.key, info.size) for info in await object_storage.list("a")]
    assert listed == [("a/1", 3), ("a/2", 4)]
    described = await object_storage.describe("a/2")
    assert (described.size, bool(described.etag)) == (4, True)

    await object_storage.delete("a/1")
    await object_storage.delete("a/1")
    with pytest.raises(NotFoundError):
        await object_storage.read("a/1")
    with pytest.raises(NotFoundError):
        await object_storage.describe("a/1")


async def test_the_bucket_is_empty_again_for_each_test(object_storage: ObjectStorage) -> None:
    assert await object_storage.list("") == []


async def test_a_part_of_an_object_is_read(object_storage: ObjectStorage) -> None:
    await object_storage.put("digits", b"0123456789", content_type="text/plain")
    assert await object_storage.read_range("digits", 2, 5) == b"234"
    assert await object_storage.read_range("digits", 8, 100) == b"89"


async def test_an_object_is_replaced_unless_it_must_be_new(object_storage: ObjectStorage) -> None:
    await object_storage.put("key", b"first", content_type="text/plain", only_if_new=True)
    with pytest.raises(ConflictError):
        await object_storage.put("key", b"second", content_type="text/plain", only_if_new=True)
    assert await object_storage.read("key") == b"first"
    await object_storage.put("key", b"third", content_type="text/plain")
    assert await object_storage.read("key") == b"third"


@pytest.mark.slow
async def test_a_large_object_is_sent_in_parts(object_storage: ObjectStorage) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(3):
            yield bytes([number]) * PART_BYTES

    size = 3 * PART_BYTES
    await object_storage.put("large", parts(), content_type="video/mp4", seconds=25)
    described = await object_storage.describe("large")
    assert described.size == size
    assert described.etag.strip('"').endswith("-3"), "S3 counts the parts there"
    assert await object_storage.read_range("large", PART_BYTES - 1, PART_BYTES + 1) == b"\0\1"


async def test_a_link_downloads_over_http(object_storage: ObjectStorage) -> None:
    await object_storage.put(
        "pictures/a b.png", b"0123456789", content_type="image/png", cache_control="public"
    )
    link = await object_storage.make_link("pictures/a b.png")
    async with httpx2.AsyncClient() as anybody:
        whole = await anybody.get(link)
        part = await anybody.get(link, headers={"Range": "bytes=4-"})
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["cache-control"] == "public"
    assert (part.status_code, part.content) == (206, b"456789")


async def test_one_client_serves_many_requests_at_once(object_storage: ObjectStorage) -> None:
    async def write(number: int) -> None:
        await object_storage.put(f"many/{number}", b"x", content_type="text/plain")

    await run_concurrent_tasks([write(number) for number in range(20)])
    assert len(await object_storage.list("many")) == 20


async def test_another_bucket_is_not_accessible(worker_s3: str) -> None:
    other = ObjectStorage(ObjectStorageSettings(s3_bucket=f"{worker_s3}-missing"))
    with pytest.raises(UnavailableError):
        await other.put("key", b"x", content_type="text/plain")


async def test_a_hanging_server_times_out(worker_s3: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        storage = ObjectStorage(ObjectStorageSettings(s3_url=url, s3_timeout=0.3))
        with pytest.raises(UnavailableError):
            await storage.read("key")


async def test_readiness_checks_the_storage(worker_s3: str, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.json()["components"]["object_storage"] == "ok"


async def test_without_the_storage_the_application_is_degraded(
    make_client: MakeClient, storage_away: ObjectStorageSettings
) -> None:
    async with make_client(storage_away) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["components"]["object_storage"] == "unavailable"
