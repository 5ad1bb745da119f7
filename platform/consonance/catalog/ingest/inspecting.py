"""What worker processes do with one recording: inspect it, or cut a clip out of it."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from consonance.errors import ConsonanceError


def inspect_file(path: str) -> dict[str, Any]:
    """Return `consonance.audio.inspect.inspect` of a file as JSON values."""
    from consonance.audio.inspect import inspect

    return asdict(inspect(path))


def cut_excerpt(request: list[Any]) -> dict[str, Any]:
    """Cut a clip with its pictures.

    Parameters
    ----------
    request
        Path, start and duration in milliseconds; what follows is the caller's own.

    Returns
    -------
    dict
        Facts, `ogg` and `png` in base64, and `peaks`; or `failure`, a sentence.
    """
    # soundfile and Pillow are loaded here, in the worker, never by the web process.
    from consonance.audio.clips import cut_clip
    from consonance.audio.decode import read, to_mono
    from consonance.audio.pictures import peaks, spectrogram_png

    path, start_ms, duration_ms = request[:3]
    try:
        cut = cut_clip(path, start_ms, duration_ms)
        pcm, sample_rate = read(path, start_ms=start_ms, duration_ms=duration_ms)
    except ConsonanceError as error:
        return {"failure": str(error)}
    return {
        "audio_sha256": cut.sha256,
        "pcm_sha256": cut.pcm_sha256,
        "sample_rate": cut.sample_rate,
        "channels": cut.channels,
        "ogg": base64.b64encode(cut.ogg).decode("ascii"),
        "png": base64.b64encode(spectrogram_png(to_mono(pcm), sample_rate)).decode("ascii"),
        "peaks": peaks(pcm).tolist(),
    }
