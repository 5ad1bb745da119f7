"""How much may be uploaded in one request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class UploadTooBigError(RequestDataTooBig):
    """Files of one request hold more than `settings.UPLOAD_MAX_SIZE` bytes."""

    @property
    def most(self) -> int:
        """Bytes that a request with files may hold."""
        return int(settings.UPLOAD_MAX_SIZE)


class UploadLimit(FileUploadHandler):
    """Stops a request with too large files before they are read, or where they pass the limit.

    Django bounds a form's fields, not its files: those would fill the disk. This comes first among
    the handlers and hands on what it is given.
    """

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse a request that announces too much.

        Raises
        ------
        UploadTooBigError
            If it does.
        """
        if content_length > settings.UPLOAD_MAX_SIZE:
            raise UploadTooBigError

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand on a piece of a file.

        Raises
        ------
        UploadTooBigError
            If the files are too large together, whatever was announced.
        """
        self._received += len(raw_data)
        if self._received > settings.UPLOAD_MAX_SIZE:
            raise UploadTooBigError
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that follow."""
