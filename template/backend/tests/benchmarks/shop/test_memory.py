"""Large bodies are streamed, never held in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.services.container import ShopContainer
from backend.tests.benchmarks.shop.measuring import measured_memory
from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.shop.application import http_scope

MIB = 1024 * 1024
LARGE = 32 * MIB


async def test_an_endless_upload_is_refused_early(
    admin_client: httpx2.AsyncClient, db_session: AsyncSession, report: Callable[..., None]
) -> None:
    product = await ProductFactory.create(db_session)
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        while sent < LARGE:
            sent += 65536
            yield b"\x00" * 65536

    path = f"/api/v1/products/{product.id}/images"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with measured_memory() as memory:
        answer = await admin_client.post(path, content=body(), headers=headers)
    report(f"{memory.peak / MIB:.1f} MiB held, {sent / MIB:.1f} of {LARGE / MIB:.0f} MiB taken")
    assert answer.status_code == 413
    assert sent < 2 * MIB
    assert memory.peak < LARGE / 4


async def test_a_download_is_streamed(
    app: FastAPI, shop: ShopContainer, report: Callable[..., None]
) -> None:
    name = await shop.media.save(b"\x89PNG\r\n\x1a\n" + bytes(LARGE), ".png")
    received = 0

    # Without a client: httpx2's transport buffers the whole body.
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # the client stays connected and sends nothing
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal received
        received += len(message.get("body", b""))

    with measured_memory() as memory:
        await app(http_scope(f"/api/v1/media/{name}"), receive, send)
    report(f"{memory.peak / MIB:.1f} MiB held of {LARGE / MIB:.0f} MiB sent")
    assert received > LARGE
    assert memory.peak < LARGE / 4
