"""Zenodo's REST API, as far as a deposit needs it (https://developers.zenodo.org); no Django.

Only the address that one gives is ever asked: what the service answers with may not lead elsewhere,
and no redirect is followed, because the token travels with each request.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from consonance.errors import ConsonanceError, ParameterError

_TIMEOUT: Final = 60.0  # seconds without a byte
_TRIES: Final = 5
_LONGEST_PAUSE: Final = 60.0
_LONGEST_TEXT: Final = 500
_DRAFTS: Final = 100
_GONE: Final = (404, 410)  # how the service answers for a draft that was discarded


class DepositError(ConsonanceError):
    """The service refused, or could not be reached.

    Parameters
    ----------
    message
        The sentence shown to a curator.
    code
        The status it refused with; 0 where it did not answer.
    """

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Draft:
    """A record that is not published yet, or one that is.

    Attributes
    ----------
    id
        The service's own.
    is_published
        Whether it can be changed no more.
    doi
        Its DOI; of a draft, the one that is kept for it.
    url
        Its page.
    bucket
        Where its files are put.
    files
        Name to (MD5, size, id) of what has arrived.
    notes
        By which a draft of ours is found again.
    latest_draft
        Address of the draft of its next version; empty without one.
    """

    id: str
    is_published: bool
    doi: str
    url: str
    bucket: str
    files: dict[str, tuple[str, int, str]]
    notes: str
    latest_draft: str


def cleaned_token(token: str) -> str:
    """Return a token without the white space around it; no error ever says what it was.

    Raises
    ------
    ParameterError
        If there is none, or it cannot travel in a header.
    """
    token = token.strip()
    if not token:
        raise ParameterError("No token is set: nothing can be deposited. See docs/settings.md.")
    if not re.fullmatch("[!-~]+", token):
        raise ParameterError(
            "CONSONANCE_ZENODO_TOKEN is no token: it holds a space, a line break or a letter that "
            "no token has. Copy it once more."
        )
    return token


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are errors: they would carry the token elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""
        return


class Zenodo:
    """A client.

    Parameters
    ----------
    api
        The API's address, such as https://sandbox.zenodo.org/api.
    token
        A personal access token with `deposit:write` and `deposit:actions`.
    pause
        Waits so many seconds before something is tried again.
    """

    def __init__(
        self, api: str, token: str, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        parts = urlsplit(api)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ParameterError(f"{api!r} is no address of an API: set CONSONANCE_ZENODO_API.")
        self._api = api.rstrip("/")
        self._origin = (parts.scheme, parts.netloc)
        self._token = cleaned_token(token)
        self._pause = pause
        self._opener = urllib.request.build_opener(_NoRedirects)

    def create(self, metadata: dict[str, Any]) -> Draft:
        """Make a draft; if an answer was lost, the one that its `notes` name is taken."""
        return self._draft(
            self._json(
                "POST",
                self._deposit(),
                {"metadata": metadata},
                made=lambda: self._listed(metadata["notes"]),
            )
        )

    def find(self, notes: str) -> Draft | None:
        """Return the draft of ours with these notes: one that was made by a killed process."""
        found = self._listed(notes)
        return None if found is None else self._draft(found)

    def read(self, record_id: str) -> Draft:
        """Return a record as it is now."""
        return self._draft(self._json("GET", self._deposit(record_id)))

    def held(self, record_id: str) -> Draft | None:
        """Return a record as it is now; None if it was discarded there."""
        found = self._there(self._deposit(record_id))
        return None if found is None else self._draft(found)

    def next_version(self, record_id: str) -> Draft:
        """Return a draft of the next version of a published record; the same one if asked again."""
        latest = self.read(record_id).latest_draft
        found = self._there(latest) if latest else None
        draft = None if found is None else self._draft(found)
        if draft is None or draft.is_published:
            answer = self._json("POST", self._deposit(record_id, "actions/newversion"))
            latest = answer.get("links", {}).get("latest_draft", "")
            draft = self._draft(self._json("GET", latest)) if latest else None
        if draft is None or draft.is_published:
            raise DepositError(f"The service made no next version of {record_id}.")
        return draft

    def describe(self, record_id: str, metadata: dict[str, Any]) -> Draft:
        """Write a draft's metadata."""
        return self._draft(self._json("PUT", self._deposit(record_id), {"metadata": metadata}))

    def upload(self, bucket: str, name: str, size: int, open_file: Callable[[], IO[bytes]]) -> str:
        """Put a file into a draft and return the MD5 that the service gives for it."""
        answer = self._json("PUT", f"{bucket.rstrip('/')}/{quote(name)}", (size, open_file))
        return str(answer.get("checksum", "")).removeprefix("md5:")

    def remove(self, record_id: str, file_id: str) -> None:
        """Take a file out of a draft."""
        self._json("DELETE", self._deposit(record_id, f"files/{quote(file_id)}"))

    def publish(self, record_id: str) -> Draft:
        """Publish a draft; this cannot be undone."""
        return self._draft(self._json("POST", self._deposit(record_id, "actions/publish")))

    def _deposit(self, record_id: str = "", what: str = "") -> str:
        return "/".join(
            part for part in (self._api, "deposit/depositions", quote(record_id), what) if part
        )

    def _listed(self, notes: str) -> Any:
        """Return what the service says of the draft with these notes; None without one."""
        query = urlencode({"status": "draft", "sort": "mostrecent", "size": _DRAFTS})
        for found in self._json("GET", f"{self._deposit()}?{query}"):
            if found.get("metadata", {}).get("notes") == notes:
                # The list may still name one that was discarded.
                answer = self._there(self._deposit(str(found["id"])))
                if answer is not None:
                    return answer
        return None

    def _there(self, url: str) -> Any:
        """Return what lies at an address; None if it is gone."""
        try:
            return self._json("GET", url)
        except DepositError as error:
            if error.code not in _GONE:
                raise
            return None

    def _json(
        self, method: str, url: str, body: Any = None, *, made: Callable[[], Any] | None = None
    ) -> Any:
        """Ask and return the answer's JSON; what may pass is tried again.

        What an attempt has `made` whose answer was lost is looked for before the next attempt.
        """
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != self._origin:
            raise self._error(f"The service points to another place, {url}: it is not followed.")
        for attempt in range(1, _TRIES + 1):
            found = made() if made is not None and attempt > 1 else None
            if found is not None:
                return found
            try:
                return self._once(method, url, body)
            except ConsonanceError:
                raise
            except urllib.error.HTTPError as error:
                with error:
                    told = _told(error)
                if (error.code < 500 and error.code != 429) or attempt == _TRIES:
                    raise self._error(told, code=error.code) from error
                self._pause(_wait(error.headers.get("Retry-After"), attempt))
            except (urllib.error.URLError, HTTPException, OSError) as error:
                if attempt == _TRIES:
                    raise self._error(
                        f"{self._origin[1]} cannot be reached ({error}). Try again later; what "
                        "has arrived stays there."
                    ) from error
                self._pause(_wait(None, attempt))
            except ValueError as error:
                # http.client tells the whole of a header that it cannot send.
                raise self._error(f"The request cannot be made ({error}).") from None
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _error(self, text: str, *, code: int = 0) -> DepositError:
        """Return an error whose text never carries the token, whoever put it there."""
        return DepositError(text.replace(self._token, "…")[:_LONGEST_TEXT], code=code)

    def _draft(self, answer: dict[str, Any]) -> Draft:
        try:
            return _draft(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._error(f"The service's answer cannot be understood ({error!r}).") from error

    def _once(self, method: str, url: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        data: Any = None
        if isinstance(body, tuple):
            size, open_file = body
            data = open_file()
            headers |= {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(size),
            }
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif method == "POST":
            data = b""
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - the scheme was looked at
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                content = answer.read()
        finally:
            if isinstance(body, tuple):
                data.close()
        if not content:
            return {}
        try:
            return json.loads(content)
        except ValueError as error:
            raise DepositError(
                f"{self._origin[1]} answered with something that is no JSON: is "
                "CONSONANCE_ZENODO_API right?"
            ) from error


def _wait(told: str | None, attempt: int) -> float:
    if told is not None and told.isascii() and told.isdigit():
        return min(float(told), _LONGEST_PAUSE)
    return float(min(2.0**attempt, _LONGEST_PAUSE))


def _told(error: urllib.error.HTTPError) -> str:
    """Return what a refusal means, in a sentence."""
    if error.code in (401, 403):
        return (
            f"The service refused the token ({error.code}): make one with deposit:write and "
            "deposit:actions and set CONSONANCE_ZENODO_TOKEN."
        )
    if error.code == 413:
        return "The service takes no files as large as this (413): ask it for more room first."
    if 300 <= error.code < 400:
        return f"The service sends us elsewhere ({error.code}): set CONSONANCE_ZENODO_API to it."
    try:
        answer = json.loads(error.read(100_000))
        said = [str(answer.get("message", ""))]
        said += [
            f"{entry.get('field', '')}: {entry.get('message') or entry.get('messages')}"
            for entry in answer.get("errors") or []
        ]
    except (ValueError, TypeError, AttributeError, OSError, HTTPException):
        said = []
    sentence = "; ".join(part for part in said if part) or "it does not say why"
    return f"The service refused ({error.code}): {sentence}"


def _draft(answer: dict[str, Any]) -> Draft:
    metadata, links = answer.get("metadata", {}), answer.get("links", {})
    reserved = (metadata.get("prereserve_doi") or {}).get("doi", "")
    return Draft(
        id=str(answer["id"]),
        is_published=bool(answer.get("submitted", False)),
        doi=str(answer.get("doi") or metadata.get("doi") or reserved),
        url=str(links.get("record_html") or links.get("html") or ""),
        bucket=str(links.get("bucket", "")),
        files={
            str(file["filename"]): (
                str(file.get("checksum", "")).removeprefix("md5:"),
                int(file.get("filesize", -1)),
                str(file["id"]),
            )
            for file in answer.get("files", [])
        },
        notes=str(metadata.get("notes", "")),
        latest_draft=str(links.get("latest_draft", "")),
    )
