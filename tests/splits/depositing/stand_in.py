"""A local server that answers as Zenodo's deposit API does. Not a test.

Its shapes are those of https://developers.zenodo.org: depositions with a bucket, PUT of files, the
actions publish and newversion.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-of-the-tests"


class Service:
    """What the server knows, and how it misbehaves.

    Attributes
    ----------
    requests
        Method and path of each, in order.
    misbehave
        Called with method and path before a request is answered: a status to refuse with, or None.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.misbehave: Callable[[str, str], int | None] = lambda method, path: None
        self.token = TOKEN
        self.elsewhere = ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                service.answer(self)

            do_POST = do_PUT = do_DELETE = do_GET

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Say nothing of a client that has gone: some tests kill theirs."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.api = f"http://127.0.0.1:{self.server.server_port}/api"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()

    def uploads(self) -> list[str]:
        """Return the names of the files that were sent, in order."""
        return [path.rsplit("/", 1)[1] for method, path in self.requests
                if method == "PUT" and "/files/" in path]  # fmt: skip

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        parts = urlsplit(handler.path)
        path, method = unquote(parts.path), handler.command
        self.requests.append((method, path))
        status = self.misbehave(method, path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if status is None and handler.headers.get("Authorization") != f"Bearer {self.token}":
            status = 401
        if status is not None:
            return self._send(handler, status, {"message": f"refused with {status}"})
        found = self._routed(method, path, parse_qs(parts.query), body)
        return self._send(handler, *found)

    def _routed(self, method: str, path: str, query: Any, body: bytes) -> tuple[int, Any]:
        words = path.removeprefix("/api/").split("/")
        if words[0] == "files" and method == "PUT":
            self.buckets[words[1]][words[2]] = body
            digest = hashlib.md5(body).hexdigest()  # noqa: S324 - as the service does
            return 201, {"key": words[2], "size": len(body), "checksum": f"md5:{digest}"}
        if words[:2] != ["deposit", "depositions"]:
            return 404, {"message": "no such address"}
        sent = json.loads(body) if body else {}
        if len(words) == 2:
            if method == "POST":
                return 201, self.shown(self.made(sent.get("metadata", {})))
            drafts = [self.shown(key) for key, row in self.records.items() if not row["submitted"]]
            return 200, drafts
        key, what = words[2], words[3:]
        if key not in self.records:
            return 404, {"message": "no such record"}
        row = self.records[key]
        if what == ["actions", "publish"]:
            if not self.buckets[key]:
                return 400, {"message": "Validation error", "errors": [
                    {"field": "files", "message": "minimum one file"}]}  # fmt: skip
            row["submitted"] = True
            return 202, self.shown(key)
        if what == ["actions", "newversion"]:
            draft = self.made(dict(row["metadata"], notes=""))
            self.buckets[draft] = dict(self.buckets[key])
            row["latest_draft"] = draft
            return 201, self.shown(key)
        if what[:1] == ["files"] and method == "DELETE":
            del self.buckets[key][what[1].removeprefix("id-")]
            return 204, None
        if method == "PUT":
            if row["submitted"]:
                return 403, {"message": "published"}
            row["metadata"] = sent["metadata"]
        return 200, self.shown(key)

    def made(self, metadata: dict[str, Any]) -> str:
        """Make a draft and return its number."""
        key = str(1000 + len(self.records))
        self.records[key] = {"metadata": metadata, "submitted": False, "latest_draft": ""}
        self.buckets[key] = {}
        return key

    def shown(self, key: str) -> dict[str, Any]:
        """Return a record as the service tells it."""
        row = self.records[key]
        doi = f"10.5072/zenodo.{key}"
        bucket = f"{self.elsewhere or self.api}/files/{key}"
        links = {"bucket": bucket, "html": f"https://zenodo.example/deposit/{key}"}
        if row["latest_draft"]:
            links["latest_draft"] = f"{self.api}/deposit/depositions/{row['latest_draft']}"
        if row["submitted"]:
            links["record_html"] = f"https://zenodo.example/records/{key}"
        return {
            "id": int(key), "submitted": row["submitted"], "links": links,
            "metadata": {**row["metadata"], "prereserve_doi": {"doi": doi, "recid": int(key)}},
            **({"doi": doi} if row["submitted"] else {}),
            "files": [
                {
                    "id": f"id-{name}", "filename": name, "filesize": len(content),
                    "checksum": hashlib.md5(content).hexdigest(),  # noqa: S324
                }
                for name, content in self.buckets[key].items()
            ],
        }  # fmt: skip

    def _send(self, handler: BaseHTTPRequestHandler, status: int, answer: Any) -> None:
        content = b"" if answer is None else json.dumps(answer).encode()
        handler.send_response(status)
        if status in (301, 302):
            handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
