"""A light HTTP client: what it costs is taken from the server that is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: A server that takes longer is not waited for.
PATIENCE_S: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer.

    Attributes
    ----------
    status
        Of HTTP.
    headers
        Names in lower case.
    body
        As it came.
    seconds
        From the first byte sent to the last one received.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether it is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)


class Line:
    """One kept-alive connection of one person.

    Parameters
    ----------
    port
        On the loopback address.
    headers
        Sent with every request.
    """

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        lines = {"Host": "localhost", "Accept": "application/json", **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: Any = None) -> Reply:
        """Send a request and return what came; a connection that was closed is opened anew."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\n{self._head}"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        begun = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                is_fresh = self._streams is None
                try:
                    status, headers, got = await self._exchange(head.encode() + sent)
                    break
                except (ConnectionError, asyncio.IncompleteReadError):
                    # Between two requests a server may hang up; what it has not answered it may
                    # have done, and all that is sent here may be sent twice.
                    self.close()
                    if is_fresh:
                        raise
        seconds = time.perf_counter() - begun
        return Reply(status=status, headers=headers, body=got, seconds=seconds)

    async def _exchange(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split()[1]), headers, body

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
