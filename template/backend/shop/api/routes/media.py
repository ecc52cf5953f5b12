"""Uploaded files."""

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, RedirectResponse

from backend.core.api.router import PUBLIC
from backend.core.errors import NotFoundError
from backend.shop.adapters.media import IMAGE_TYPES, Link
from backend.shop.api.services import ShopContainerDep

router = APIRouter(prefix="/api/v1/media", tags=["media"])


# `path` matches slashes too, so that the store checks every name.
@router.get("/{name:path}", response_class=FileResponse, openapi_extra=PUBLIC)
async def read_media(name: str, shop: ShopContainerDep) -> Response:
    """Download a file."""
    path = await shop.media.find(name)
    if isinstance(path, Link):
        keep = {"Cache-Control": f"public, max-age={path.max_age}"}
        return RedirectResponse(path.url, headers=keep)
    kind = IMAGE_TYPES.get(path.suffix)
    if kind is None:
        raise NotFoundError("There is no such file.")
    return FileResponse(
        path,
        media_type=kind.content_type,
        headers={
            # Each upload gets a new name, so the content under a name never changes.
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
