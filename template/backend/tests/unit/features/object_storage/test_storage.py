"""Errors of the library, and links, which need no request."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import obstore
import pytest
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from backend.core.errors import AppError, ConflictError, NotFoundError, UnavailableError
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.storage import ObjectStorage

SETTINGS = ObjectStorageSettings(
    s3_url="http://storage:9000",
    s3_public_url="https://files.example.org",
    s3_bucket="app",
    s3_link_seconds=90,
)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FileNotFoundError("404"), NotFoundError),
        (AlreadyExistsError("412"), ConflictError),
        (GenericError("connection refused"), UnavailableError),
        (PermissionDeniedError("403"), UnavailableError),
        (UnauthenticatedError("401"), UnavailableError),
        (TimeoutError(), UnavailableError),
    ],
)
async def test_an_error_of_the_library_is_translated(
    raised: Exception, expected: type[AppError], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(obstore, "get_async", fail)
    with pytest.raises(expected) as caught:
        await ObjectStorage(SETTINGS).read("key")
    assert caught.value.__cause__ is raised
    assert str(raised) not in str(caught.value) or not str(raised)


async def test_a_missing_bucket_is_not_a_missing_object(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(obstore, "put_async", fail)
    with pytest.raises(UnavailableError):
        await ObjectStorage(SETTINGS).put("key", b"", content_type="text/plain")


async def test_a_link_is_for_clients_and_expires() -> None:
    link = urlsplit(await ObjectStorage(SETTINGS).make_link("media/a b.png"))
    assert link._replace(query="").geturl() == "https://files.example.org/app/media/a%20b.png"
    query = parse_qs(link.query)
    assert query["X-Amz-Expires"] == ["90"]
    assert query["X-Amz-Signature"]
