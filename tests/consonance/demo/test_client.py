from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from consonance.demo.client import RatingClient


class HangsUp(BaseHTTPRequestHandler):
    """Promises to keep the connection and then does not, as an idle web server may."""

    protocol_version = "HTTP/1.1"
    answered = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answered += 1
        body = json.dumps({"questions": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def address() -> Iterator[str]:
    HangsUp.answered = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), HangsUp) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_connection_that_the_server_dropped_is_made_anew(address: str) -> None:
    client = RatingClient(address, "token")
    for _ in range(3):
        assert client.claim("campaign", 1) == []
    client.close()
    assert HangsUp.answered == 3
