"""Reading objects of an S3 bucket through fsspec, by the boto3 that clips are stored with."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.exceptions import ClientError  # type: ignore[import-untyped, unused-ignore]
from fsspec.spec import (  # type: ignore[import-untyped, unused-ignore]
    AbstractBufferedFile,
    AbstractFileSystem,
)

_BLOCK: Final = 4 << 20  # bytes a request; a song is two or three
_NOT_FOUND: Final = {"404", "NoSuchKey", "NoSuchBucket"}


class BucketFiles(AbstractFileSystem):  # type: ignore[misc, unused-ignore] # publishes no types
    """Objects as files, read only. Credentials and endpoint are those of boto3."""

    protocol = "s3"
    cachable = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.client = boto3.client("s3")

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name and size of an object.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        bucket, _, key = self._strip_protocol(path).partition("/")
        try:
            head = self.client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NOT_FOUND:
                raise FileNotFoundError(path) from error
            raise OSError(f"{path}: {error}") from error
        return {"name": f"{bucket}/{key}", "size": head["ContentLength"], "type": "file"}

    def _open(
        self, path: str, mode: str = "rb", block_size: int | None = None, **options: Any
    ) -> AbstractBufferedFile:
        return _Object(self, path, mode, block_size or _BLOCK, **options)


class _Object(AbstractBufferedFile):  # type: ignore[misc, unused-ignore] # publishes no types
    def _fetch_range(self, start: int, end: int) -> bytes:
        bucket, _, key = self.path.partition("/")
        try:
            answer = self.fs.client.get_object(
                Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}"
            )
            content: bytes = answer["Body"].read()
        except ClientError as error:
            raise OSError(f"{self.path}: {error}") from error
        return content
