"""A sound that was made for one person, as a file that players take."""

from __future__ import annotations

import hashlib
import io
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from consonance.catalog.ranged_response import ranged_response

WAV: Final = "audio/wav"


def wav_response(request: HttpRequest, content: bytes) -> HttpResponseBase:
    """Send a WAV file whole or in parts: Safari plays nothing that is not sent in parts.

    Parameters
    ----------
    request
        Its `Range` decides.
    content
        The file. Its tag is its hash, so that no player shows an earlier sound for another.
    """
    return ranged_response(
        request,
        open_file=lambda: io.BytesIO(content),
        size=len(content),
        content_type=WAV,
        headers={"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'},
    )
