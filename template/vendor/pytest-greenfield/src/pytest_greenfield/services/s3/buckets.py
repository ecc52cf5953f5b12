"""The plugin's own connection to S3."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_KEPT = ("ContentType", "Metadata", "CacheControl", "ContentDisposition", "ContentEncoding")

State = dict[tuple[str, str], Any]
"""Bucket and key -> what says whether it was changed; with an empty key, the bucket itself."""


class Buckets:
    """Those that begin with a name, and what is in them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        self._region = values["region"]
        session = boto3.session.Session(  # of our own: the application may use the default one
            aws_access_key_id=values["access_key"],
            aws_secret_access_key=values["secret_key"],
            region_name=self._region,
        )
        config = Config(
            connect_timeout=5,
            read_timeout=10,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        )
        self._client: Any = session.client("s3", endpoint_url=values["url"], config=config)

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def all(self, beginning: str) -> list[tuple[str, datetime]]:
        """Return the buckets whose names begin so, and when they were made."""
        listed = self._client.list_buckets()["Buckets"]
        found = [(bucket["Name"], bucket["CreationDate"]) for bucket in listed]
        beginning = beginning.rstrip("-") + "-"
        return [(name, made) for name, made in found if f"{name}-".startswith(beginning)]

    def make(self, bucket: str) -> None:
        """Make a bucket, unless it is there."""
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        with contextlib.suppress(self._client.exceptions.BucketAlreadyOwnedByYou):
            self._client.create_bucket(
                Bucket=bucket, **({} if self._region == "us-east-1" else place)
            )

    def remove(self, bucket: str) -> bool:
        """Remove a bucket with all versions of its objects, and uploads that were not ended."""
        uploads = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
        for page in uploads:
            for upload in page.get("Uploads", ()):
                self._client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        versions = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for page in versions:
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            names = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            if names:
                self._client.delete_objects(
                    Bucket=bucket,
                    Delete={"Objects": names, "Quiet": True},
                    BypassGovernanceRetention=True,
                )
        self._client.delete_bucket(Bucket=bucket)
        return True

    def state(self, beginning: str) -> State:
        """Return the buckets whose names begin so, and their objects."""
        found: State = {}
        for bucket, _ in self.all(beginning):
            found[bucket, ""] = "a bucket"
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", ()):
                    found[bucket, item["Key"]] = (item["ETag"], item["LastModified"])
        return found

    def read(self, bucket: str, key: str) -> dict[str, Any]:
        """Return what `write` takes."""
        if not key:
            return {}
        answer = self._client.get_object(Bucket=bucket, Key=key)
        kept = {name: answer[name] for name in _KEPT if answer.get(name)}
        return {"Body": answer["Body"].read(), **kept}

    def write(self, bucket: str, key: str, content: Mapping[str, Any]) -> None:
        """Write an object; make its bucket where that is missing."""
        self.make(bucket)
        if key:
            self._client.put_object(Bucket=bucket, Key=key, **content)
