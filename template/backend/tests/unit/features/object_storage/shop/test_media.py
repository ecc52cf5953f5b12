"""Valid file names."""

import pytest

from backend.core.errors import NotFoundError
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.shop.media import S3MediaStore
from backend.features.object_storage.storage import ObjectStorage


@pytest.mark.parametrize(
    "name",
    ["", "../invoices/1.json", f"../{'0' * 32}.png", f"{'0' * 32}.png/", f"{'0' * 32}.png\n", "x"],
)
async def test_only_names_made_by_the_store_are_valid(name: str) -> None:
    """Other names would reach the network, which unit tests may not use."""
    store = S3MediaStore(ObjectStorage(ObjectStorageSettings()))
    for operation in (store.find, store.read, store.delete):
        with pytest.raises(NotFoundError):
            await operation(name)
