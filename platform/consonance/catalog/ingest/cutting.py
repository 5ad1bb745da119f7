"""What worker processes do with one excerpt: cut it, or render a clip that was cut before.

soundfile, scipy and Pillow are loaded here, in the worker, never by the web process.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
from typing import TYPE_CHECKING, Any

from consonance.errors import ConsonanceError, IngestError

if TYPE_CHECKING:
    from consonance.audio.pcm import FloatFrames
    from consonance.audio.playback import Rendition


def cut_excerpt(request: list[Any]) -> dict[str, Any]:
    """Cut a clip with its rendition for playback and its pictures.

    Parameters
    ----------
    request
        Path, start and duration in milliseconds, SHA-256 of the file as it was inspected (empty:
        not known); what follows is the caller's own.

    Returns
    -------
    dict
        Facts of the clip's row, `ogg`, `mp3` and `png` in base64, and `peaks`; or `failure`, a
        sentence, and `reason`, a code.
    """
    from consonance.audio.clips import CLIP_SAMPLE_RATE, encode_clip, read_clip
    from consonance.audio.decode import to_mono
    from consonance.audio.pictures import peaks, spectrogram_png
    from consonance.audio.playback import render_playback

    path, start_ms, duration_ms, file_sha256 = request[:4]
    try:
        _require_unchanged(path, file_sha256)
        frames = read_clip(path, start_ms, duration_ms)
        cut = encode_clip(frames)
        rendition = render_playback(frames, CLIP_SAMPLE_RATE)
    except ConsonanceError as error:
        return _failure(error)
    return {
        "audio_sha256": cut.sha256,
        "pcm_sha256": cut.pcm_sha256,
        "sample_rate": cut.sample_rate,
        "channels": cut.channels,
        "ogg": _text(cut.ogg),
        "png": _text(spectrogram_png(to_mono(frames), CLIP_SAMPLE_RATE)),
        "peaks": peaks(frames).tolist(),
        **_facts(rendition),
    }


def render_excerpt(request: dict[str, Any]) -> dict[str, Any]:
    """Render a clip that was cut before, and look whether it is still what was cut.

    The rendition is made from the recording where that still gives the clip's samples, so that
    nothing is coded twice; from the Ogg file where it does not, or is not to be had. An Ogg file
    that is lost or damaged is made again from the recording, if the same bytes come out.

    Parameters
    ----------
    request
        `path` of the recording, `start_ms`, `duration_ms`, `ogg` in base64 (None: there is no
        file), `audio_sha256`, `pcm_sha256`, `sample_rate` and `channels` as the row has them.

    Returns
    -------
    dict
        Facts of the rendition and `mp3` in base64; `ogg` in base64 where it had to be made again,
        else None. Or `failure`, a sentence, `reason`, a code, and `discard`: whether what lies in
        the store is not the clip's file.
    """
    from consonance.audio.decoded import require_same_sound, require_sound
    from consonance.audio.playback import render_playback

    rate = request["sample_rate"]
    stored = None if request["ogg"] is None else base64.b64decode(request["ogg"])
    ogg = stored if _sha256(stored) == request["audio_sha256"] else None
    again = None
    try:
        frames = _as_recorded(request)
        if frames is None:
            frames = _as_stored(ogg, request)
        elif ogg is None:
            again = _made_again(frames, request)
        else:
            require_same_sound(ogg, frames, rate)
        require_sound(frames, rate)
        rendition = render_playback(frames, rate)
    except ConsonanceError as error:
        return {**_failure(error), "discard": stored is not None and ogg is None}
    return {"ogg": None if again is None else _text(again), **_facts(rendition)}


def _as_recorded(request: dict[str, Any]) -> FloatFrames | None:
    """Return the clip's samples from its recording; None where it gives others, or none."""
    from consonance.audio.clips import read_clip
    from consonance.audio.pcm import pcm_sha256

    try:
        frames = read_clip(request["path"], request["start_ms"], request["duration_ms"])
    except ConsonanceError:
        return None
    same = pcm_sha256(frames, request["sample_rate"]) == request["pcm_sha256"]
    return frames if same else None


def _as_stored(ogg: bytes | None, request: dict[str, Any]) -> FloatFrames:
    """Return the clip's samples from its own file."""
    import numpy as np

    from consonance.audio.decode import frames_in
    from consonance.audio.decoded import decode_clip

    if ogg is None:
        raise IngestError(
            f"The clip's file {_lost(request)}, and the recording does not give the clip's sound "
            "any more: bring either back, then render again.",
            reason="missing",
        )
    frames, rate = decode_clip(ogg)
    if not np.isfinite(frames).all():
        raise IngestError("The clip decodes to what are no numbers.", reason="damaged")
    wanted = (frames_in(request["duration_ms"], request["sample_rate"]), request["channels"])
    if (frames.shape, rate) != (wanted, request["sample_rate"]):
        raise IngestError(
            f"The clip decodes to {len(frames)} frames instead of {wanted[0]}.",
            reason="wrong_length",
        )
    return frames


def _made_again(frames: FloatFrames, request: dict[str, Any]) -> bytes:
    from consonance.audio.clips import encode_clip

    cut = encode_clip(frames)
    if cut.sha256 != request["audio_sha256"]:
        raise IngestError(
            f"The clip's file {_lost(request)}, and this installation's encoder gives another from "
            "the same recording: bring the file back from a backup, then render again.",
            reason="missing",
        )
    return cut.ogg


def _lost(request: dict[str, Any]) -> str:
    return "is not in the media store" if request["ogg"] is None else "was damaged in the store"


def _require_unchanged(path: str, file_sha256: str) -> None:
    """Refuse a recording that is not the file any more that was inspected at the import."""
    if not file_sha256 or not os.path.isfile(path):  # a missing file is told of by the decoder
        return
    state = os.stat(path)
    if _hash_of(path, state.st_size, state.st_mtime_ns) != file_sha256:
        raise IngestError(
            f"{path} has changed since it was imported: import the collection again.",
            reason="changed",
        )


@functools.lru_cache(maxsize=64)
def _hash_of(path: str, size: int, changed_ns: int) -> str:
    """Return a file's SHA-256; excerpts of one recording mostly come one after another."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _facts(rendition: Rendition) -> dict[str, Any]:
    return {
        "mp3": _text(rendition.mp3),
        "playback_sha256": rendition.sha256,
        "playback_gain_db": rendition.gain_db,
        "loudness_lufs": rendition.loudness.lufs,
        "true_peak_dbtp": rendition.loudness.true_peak_dbtp,
    }


def _failure(error: ConsonanceError) -> dict[str, Any]:
    return {"failure": str(error), "reason": getattr(error, "reason", "unreadable")}


def _sha256(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
