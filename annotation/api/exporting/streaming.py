"""Rows as a file that is written while it is read: JSON lines or CSV, gzip where it is accepted."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from annotation.views.consistency.csv import safe_cell
from consonance.errors import ParameterError

#: Lines that are sent at once: larger pieces are copied several times on their way and leave holes.
_PIECE: Final = 100
#: Fast, and a fifth of the bytes: columns repeat.
_LEVEL: Final = 4
_GZIP: Final = 16 + zlib.MAX_WBITS

Rows = Iterable[Sequence[Sequence[Any]]]


class _Problem(JSONRenderer):
    """What is sent instead of a file when it cannot be made."""

    def render(self, data: Any, *_arguments: Any, **_named: Any) -> bytes:
        """Return a problem as JSON."""
        written: bytes = super().render(data)
        return written


class JSONLines(_Problem):
    """One JSON object a line."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class CSV(_Problem):
    """Comma-separated values (RFC 4180) with one header row."""

    media_type = "text/csv"
    format = "csv"


class FormatNegotiation(DefaultContentNegotiation):
    """As DRF's; a format that there is not is a mistake in the request."""

    def filter_renderers(
        self, renderers: Iterable[BaseRenderer], format: str
    ) -> list[BaseRenderer]:
        """Return the renderers of a format.

        Raises
        ------
        ParameterError
            If there is none.
        """
        offered = list(renderers)
        found = [one for one in offered if one.format == format]
        if not found:
            known = " or ".join(str(one.format) for one in offered)
            raise ParameterError(f"There is no format {format!r} here. Use {known}.")
        return found


def file_response(
    request: Request,
    *,
    name: str,
    columns: Sequence[str],
    chunks: Rows,
    headers: dict[str, str],
) -> StreamingHttpResponse:
    """Return a file in the negotiated format.

    Parameters
    ----------
    request
        Whose `Accept` and `format` decide the format, whose `Accept-Encoding` whether it is packed.
    name
        Of the file, without its ending.
    columns
        Names, in the order of the values in each row.
    chunks
        Rows, several at a time; their number at a time is what is held in memory.
    headers
        More of them.
    """
    renderer = request.accepted_renderer
    packed = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    response = StreamingHttpResponse(
        written(columns, chunks, form=renderer.format, packed=packed),
        content_type=f"{renderer.media_type}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{renderer.format}"',
            "Cache-Control": "no-store",
            **({"Content-Encoding": "gzip"} if packed else {}),
            **headers,
        },
    )
    patch_vary_headers(response, ["Accept", "Accept-Encoding"])
    return response


def written(columns: Sequence[str], chunks: Rows, *, form: str, packed: bool) -> Iterator[bytes]:
    """Return rows as the bytes of a file, piece by piece.

    Parameters
    ----------
    columns, chunks
        As for `file_response`.
    form
        `ndjson` or `csv`.
    packed
        Whether by gzip.
    """
    text = (_csv if form == CSV.format else _json_lines)(columns, chunks)
    body = (piece.encode() for piece in text)
    return _packed(body) if packed else body


def _json_lines(columns: Sequence[str], chunks: Rows) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for rows in chunks:
        for first in range(0, len(rows), _PIECE):
            lines = [
                encode(dict(zip(columns, row, strict=True))) for row in rows[first : first + _PIECE]
            ]
            yield "\n".join([*lines, ""])


def _csv(columns: Sequence[str], chunks: Rows) -> Iterator[str]:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(columns)
    for rows in chunks:
        writer.writerows([safe_cell(value) for value in row] for row in rows)
        yield held.getvalue()
        held.seek(0)
        held.truncate()
    yield held.getvalue()


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
