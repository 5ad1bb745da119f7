"""Answers with a release's bytes: a part of it as a tar file, or one file as it is."""

from __future__ import annotations

import io
import mimetypes
from typing import IO, Any, Final, cast
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.text import get_valid_filename

from consonance.catalog.byte_ranges import UnsatisfiableRangeError, asked_range, part_may_be_sent
from consonance.catalog.ranged_response import ranged_response
from splits.models import Release
from splits.serving import places
from splits.serving.contents import Contents, ServedFile, contents_of
from splits.serving.counting import ONE_FILE, count_download
from splits.serving.selection import Selection
from splits.serving.tar import Member, TarLayout, VirtualTar

_TYPES: Final = {".parquet": "application/vnd.apache.parquet", ".cff": "text/yaml",
                 ".md": "text/markdown; charset=utf-8", ".ogg": "audio/ogg"}  # fmt: skip


def served(release: Release, name: str | None = None) -> Contents:
    """Return what of a release is served now (see `contents_of`).

    Raises
    ------
    Http404
        If its files are not at hand.
    """
    contents = contents_of(release, name)
    if contents is None:
        raise Http404(f"The files of {release} are not on this machine.")
    return contents


def part_response(request: HttpRequest, release: Release, selection: Selection) -> HttpResponseBase:
    """Send a part of a release as a tar file; a broken download goes on where it stopped."""
    contents = selection.choose(served(release))
    root = release.folder.name
    layout = layout_of(contents)
    headers = {
        "ETag": f'"{contents.tag}"',
        "Content-Disposition": f'attachment; filename="{_file_name(release, selection)}"',
    }
    early = _early(request, headers)
    if early is not None:
        return early
    _count(request, release, selection.name, headers["ETag"], layout.size)

    def open_member(name: str, offset: int) -> IO[bytes]:
        return open_served(contents, name.removeprefix(f"{root}/"), offset)

    return ranged_response(
        request,
        open_file=lambda: cast("IO[bytes]", VirtualTar(layout, open_member)),
        size=layout.size,
        content_type="application/x-tar",
        headers=headers,
    )


def file_response(request: HttpRequest, release: Release, name: str) -> HttpResponseBase:
    """Send one file of a release."""
    contents = served(release, name)
    file = contents.files.get(name)
    if file is None:
        if name in release.manifest.get("files", {}):
            return HttpResponse(
                "This file holds the sound of a withdrawn clip and is no longer served.\n",
                status=410,
                content_type="text/plain; charset=utf-8",
                headers={"Cache-Control": "no-store"},
            )
        raise Http404(f"{release} has no file {name!r}.")
    headers = {
        "ETag": f'"{file.sha256}"',
        # A page of ours would run in this site's name: files are saved, never shown.
        "Content-Disposition": f'attachment; filename="{get_valid_filename(name.split("/")[-1])}"',
    }
    early = _early(request, headers)
    if early is not None:
        return early
    _count(request, release, ONE_FILE, headers["ETag"], file.size)
    suffix = f".{name.rsplit('.', 1)[-1]}" if "." in name else ""
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    handed = _handed_over(contents, file)
    if handed:
        return HttpResponse(content_type=content_type, headers={**headers, **handed})

    def open_file() -> Any:
        return _Seekable(contents, name)

    return ranged_response(
        request, open_file=open_file, size=file.size, content_type=content_type, headers=headers
    )


def layout_of(contents: Contents) -> TarLayout:
    """Return the tar file of contents, under the folder that a release is called by."""
    root = contents.release.folder.name
    return TarLayout(Member(f"{root}/{file.name}", file.size) for file in contents.files.values())


def open_served(contents: Contents, name: str, offset: int) -> IO[bytes]:
    """Open the bytes of a served file from an offset on."""
    if name in contents.written:
        return io.BytesIO(contents.written[name][offset:])
    if name in contents.elsewhere:
        file = contents.elsewhere[name].open("rb")
        file.seek(offset)
        return file
    return places.open_at(contents.release, name, offset)


class _Seekable:
    """A served file that is opened where one first reads."""

    def __init__(self, contents: Contents, name: str) -> None:
        self._contents, self._name, self._offset = contents, name, 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> _Seekable:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def seek(self, offset: int) -> None:
        """Say where reading begins."""
        self._offset = offset

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        if self._file is None:
            self._file = open_served(self._contents, self._name, self._offset)
        return self._file.read(size)


def _early(request: HttpRequest, headers: dict[str, str]) -> HttpResponseBase | None:
    """Return 304 for what is known already, 412 for what was not meant; else nothing."""
    bare = HttpResponse(headers=headers)
    early = get_conditional_response(request, headers["ETag"], None, bare)
    return None if early is None or early is bare else early


def _count(request: HttpRequest, release: Release, part: str, tag: str, size: int) -> None:
    """Count a download, but not the rest of one that broke off."""
    if request.method != "GET":
        return
    if part_may_be_sent(request.headers.get("If-Range"), tag, None):
        try:
            asked = asked_range(request.headers.get("Range"), size)
        except UnsatisfiableRangeError:
            return
        if asked is not None and asked.start > 0:
            return
    count_download(release, part)


def _file_name(release: Release, selection: Selection) -> str:
    if selection.is_whole:
        return f"{release.folder.name}.tar"
    if not selection.is_filtered:
        return f"{release.folder.name}-{selection.what}.tar"
    values = [*selection.classes, *selection.licences, *selection.partitions]
    return get_valid_filename(f"{release.folder.name}-{'-'.join(values)[:80]}.tar")


def _handed_over(contents: Contents, file: ServedFile) -> dict[str, str]:
    """Return the header by which the front server sends a file in our place; empty: we do."""
    if file.name in contents.written or file.name in contents.elsewhere:
        return {}
    release = contents.release
    path = places.path_of(release, file.name)
    if path is None:
        return {}
    if settings.RELEASES_ACCEL_PREFIX:
        prefix = settings.RELEASES_ACCEL_PREFIX.rstrip("/")
        return {"X-Accel-Redirect": f"{prefix}/{quote(places.remote_name(release, file.name))}"}
    if settings.RELEASES_SENDFILE:
        return {"X-Sendfile": str(path)}
    return {}
