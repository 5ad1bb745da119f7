"""The audio of a release: fetched, checked and staged, a few clips at a time."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import pandas as pd
import soundfile as sf

from consonance.errors import ConsonanceError, StateError
from splits.release import verify
from splits.release.contract import Breach
from splits.release.openmic_tree import audio_name
from splits.release.spec import ReleaseSpec
from splits.release.staging import Staging

ReadAudio = Callable[[str], bytes]
DecodedBefore = Callable[[str], bool]
Told = Callable[[int], object]

_DECODE_FRAMES: Final = 1 << 16
#: Clips at a time: hashing, reading and writing run beside each other in threads.
_THREADS: Final = 2
_AHEAD: Final = 16  # clips waiting, at most: what memory holds of audio


def stage_audio(
    staging: Staging,
    spec: ReleaseSpec,
    clips: pd.DataFrame,
    read_audio: ReadAudio,
    *,
    decoded_before: DecodedBefore | None = None,
    tell: Told,
    should_stop: Callable[[], bool] | None = None,
) -> list[Breach]:
    """Copy every clip that is not yet staged.

    Parameters
    ----------
    staging : Staging
        Where to.
    spec : ReleaseSpec
        Gives the allowed difference of lengths.
    clips : pandas.DataFrame
        Columns of CLIPS.
    read_audio : callable
        From a clip's `audio_name` to its bytes; called from threads.
    decoded_before : callable, optional
        Tells of a content hash whether a file of that very content was decoded to its end and
        length before, as it is when a clip is cut. Every other file is decoded here.
    tell : callable
        Called with the number of clips done, in order.
    should_stop : callable, optional
        Asked before every clip.

    Returns
    -------
    list of Breach
        What is wrong with any of them.

    Raises
    ------
    StateError
        If `should_stop` said so.
    """
    breaches: list[Breach] = []
    total = len(clips)
    waiting: deque[tuple[str, Future[str]]] = deque()
    done = 0

    def settle(most: int) -> None:
        nonlocal done
        while len(waiting) > most:
            key, future = waiting.popleft()
            wrong = future.result()
            if wrong:
                breaches.append(Breach(code="audio", sentence=f"Audio of {key}: {wrong}"))
            done += 1
            tell(done)

    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for clip in _rows(clips):
                if should_stop is not None and should_stop():
                    settle(0)
                    raise StateError(
                        f"Building {spec.name} was stopped after {done} of {total} clips: run it "
                        "again to go on."
                    )
                task = pool.submit(_stage, staging, spec, clip, read_audio, decoded_before)
                waiting.append((clip["sample_key"], task))
                settle(_AHEAD)
            settle(0)
        finally:
            for _, future in waiting:
                future.cancel()
    return breaches


def _rows(clips: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield what is needed of each clip, without an object of every cell at once."""
    names = ["sample_key", "audio_name", "audio_sha256", "duration_ms", "sample_rate", "channels"]
    for values in clips[names].itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _stage(
    staging: Staging,
    spec: ReleaseSpec,
    clip: dict[str, Any],
    read_audio: ReadAudio,
    decoded_before: DecodedBefore | None,
) -> str:
    """Stage one clip; return what is wrong with it, or nothing."""
    name, wanted = audio_name(clip["sample_key"]), clip["audio_sha256"]
    # Only audio that passed its check is ever staged, so the hash is enough.
    if staging.holds_audio(name, wanted):
        return ""
    try:
        data = read_audio(clip["audio_name"])
    except (OSError, KeyError, ConsonanceError) as error:
        return f"it cannot be read from the media store ({error}). Cut the clip again."
    if hashlib.sha256(data).hexdigest() != wanted:
        return "the media store holds other bytes than the clips table says. Cut the clip again."
    try:
        stated, rate, channels = verify.ogg_vorbis_length(data)
        lengths = [stated]
        if decoded_before is None or not decoded_before(wanted):
            lengths.append(_decoded_frames(data))
    except (ValueError, sf.SoundFileError) as error:
        return f"it does not decode as Ogg Vorbis ({error}). Cut the clip again."
    if (rate, channels) != (clip["sample_rate"], clip["channels"]):
        return f"it has {rate} Hz and {channels} channel(s), not what the clips table says."
    tolerance = spec.contract.duration_tolerance_ms
    for frames in lengths:
        if abs(frames * 1000 - clip["duration_ms"] * rate) > tolerance * rate:
            return f"it lasts {frames / rate:.3f} s instead of {clip['duration_ms'] / 1000:.3f} s."
    staging.place_audio(name, data, wanted)
    return ""


def _decoded_frames(data: bytes) -> int:
    """Return how many frames really come out, block by block."""
    with sf.SoundFile(io.BytesIO(data)) as file:
        return sum(len(block) for block in file.blocks(_DECODE_FRAMES, dtype="float32"))


def write_checksums(staging: Staging) -> None:
    """Write SHA-256 of everything, for `sha256sum -c`."""
    facts = staging.facts()
    lines = (
        f"{facts[name]['sha256']}  {name}\n" for name in facts if not name.startswith("checksums/")
    )
    staging.write_lines("checksums/SHA256SUMS", lines)
