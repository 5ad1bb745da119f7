from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from consonance.demo.client import RatingClient, RefusedError
from consonance.errors import ConsonanceError


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


class Refuses(HangsUp):
    """Rejects every answer, and says so."""

    body = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


@pytest.fixture
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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
        assert client.claim("campaign", 1) == {"questions": []}
    client.close()
    assert HangsUp.answered == 3


def test_what_became_of_answers_is_told_also_where_all_were_rejected(
    refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [{"key": "1", "status": "rejected", "detail": "Not in your hands."}]
    monkeypatch.setattr(Refuses, "body", json.dumps({"status": 400, "results": results}).encode())
    client = RatingClient(refusing, "token")
    assert client.rate([{"key": "1"}]) == results
    with pytest.raises(RefusedError, match="claim answered 400") as refused:
        client.claim("campaign", 1)
    assert refused.value.status == 400
    client.close()


@pytest.mark.parametrize("body", [b'{"status": 400, "detail": "Wrong."}', b"[]", b"no JSON"])
def test_any_other_refusal_of_answers_is_an_error(
    refusing: str, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(Refuses, "body", body)
    client = RatingClient(refusing, "token")
    with pytest.raises(ConsonanceError, match="ratings answered 400"):
        client.rate([{"key": "1"}])
    client.close()
