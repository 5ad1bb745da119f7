"""Send a file whole or in the part that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from consonance.catalog.byte_ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    asked_range,
    part_may_be_sent,
)

_CHUNK = 64 * 1024


def ranged_response(
    request: HttpRequest,
    *,
    open_file: Callable[[], IO[Any]],
    size: int,
    content_type: str,
    headers: dict[str, str],
) -> HttpResponseBase:
    """Answer GET with the whole file (200), a part (206) or 416, HEAD with the headers.

    Parameters
    ----------
    request
        Its `Range` and `If-Range` decide. Several ranges at once are answered with the whole file,
        as RFC 9110 (14.2) allows.
    open_file
        Opens the file for reading bytes; called only when some are sent.
    size
        Its length in bytes.
    content_type
        Of the file; never guessed.
    headers
        Further headers; `ETag`, a strong one, must be among them.
    """
    headers = {**headers, "Accept-Ranges": "bytes"}
    part = None
    # Only GET has ranges (RFC 9110, 14.2).
    if request.method == "GET" and part_may_be_sent(
        request.headers.get("If-Range"), headers["ETag"], headers.get("Last-Modified")
    ):
        try:
            part = asked_range(request.headers.get("Range"), size)
        except UnsatisfiableRangeError:
            return HttpResponse(
                status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
            )
    sent = part or ByteRange(0, size)
    headers["Content-Length"] = str(sent.length)
    if part:
        headers["Content-Range"] = part.content_range(size)
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type, headers=headers)
    return StreamingHttpResponse(
        _chunks(open_file(), sent),
        status=206 if part else 200,
        content_type=content_type,
        headers=headers,
    )


def _chunks(file: IO[Any], part: ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.length
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:  # shorter than its length said: the connection ends early
                return
            left -= len(chunk)
            yield chunk
