"""A person's browser, without the person: claims questions and sends answers over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from consonance.errors import ConsonanceError, StateError


class RefusedError(ConsonanceError):
    """The web app said no.

    Attributes
    ----------
    status
        Of its answer.
    """

    def __init__(self, path: str, status: int, content: bytes) -> None:
        super().__init__(f"{path} answered {status}: {content[:300].decode(errors='replace')}")
        self.status = status


class RatingClient:
    """A connection to the rating endpoints, kept open between calls.

    Parameters
    ----------
    address
        The web app's address, `http://host:port`.
    token
        An API token of the person.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=60
        )
        self._headers = {
            "Authorization": f"Token {token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def welcome(self, campaign: str) -> None:
        """Say that the campaign's instructions were read, as a person does on their page."""
        self._post(f"/api/v1/campaigns/{campaign}/welcome/", {})

    def claim(self, campaign: str, count: int) -> dict[str, Any]:
        """Return up to `count` leased `questions`, or the `reason` why there are none."""
        return self._post("/api/v1/questions/claim", {"campaign": campaign, "count": count})

    def start_quiz(self, campaign: str, class_name: str | None) -> dict[str, Any]:
        """Begin the quiz that a claim named, or go on with it; return how it stands."""
        return self._post(f"/api/v1/campaigns/{campaign}/quiz", {"class": class_name})

    def answer_quiz(self, campaign: str, item: str, answer: str) -> dict[str, Any]:
        """Answer the clip that the quiz asks; return how it stands then."""
        sent = {"item": item, "answer": answer}
        told = self._post(f"/api/v1/campaigns/{campaign}/quiz/answers", sent)
        standing: dict[str, Any] = told["quiz"]
        return standing

    def rate(self, ratings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send answers and return what became of each, also where all of them were rejected."""
        answer = self._post("/api/v1/ratings", {"ratings": ratings}, refusal="results")
        results: list[dict[str, Any]] = answer["results"]
        return results

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, body: dict[str, Any], *, refusal: str = "") -> dict[str, Any]:
        """Return the answer; also a 400 that has the field `refusal`, which tells of each part."""
        try:
            try:
                response = self._send(path, body)
            except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                # The server has closed a connection that stood idle. Asking twice is safe: claims
                # give back what is in hand, ratings carry their key.
                self._connection.close()
                response = self._send(path, body)
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StateError(
                f"No web app answers at {self._address} ({error}). Start it with ./consonance "
                "serve, or give its address with --url."
            ) from error
        told = response.status == http.client.BAD_REQUEST and refusal and _has(content, refusal)
        if response.status != http.client.OK and not told:
            raise RefusedError(path, response.status, content)
        answer: dict[str, Any] = json.loads(content)
        return answer

    def _send(self, path: str, body: dict[str, Any]) -> http.client.HTTPResponse:
        self._connection.request("POST", path, json.dumps(body), self._headers)
        return self._connection.getresponse()


def _has(content: bytes, field: str) -> bool:
    """Return whether an answer is a JSON object with this field."""
    try:
        answer = json.loads(content)
    except ValueError:
        return False
    return isinstance(answer, dict) and field in answer
