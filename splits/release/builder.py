"""Build a release: staged, checked, then shown whole by one rename."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import soundfile as sf

from consonance.errors import ConsonanceError, ReleaseError, StateError
from splits.release import reader, verify
from splits.release.assemble import Assembly, assemble
from splits.release.attribution import attribution_table, licence_texts
from splits.release.breaches import BreachedContractError, check_assembly
from splits.release.contract import Breach
from splits.release.features import Features
from splits.release.manifest import describe, write_manifest
from splits.release.openmic_tree import audio_name, write_tables
from splits.release.parquet import write_parquet
from splits.release.readme import readme
from splits.release.spec import ReleaseSpec, Tables
from splits.release.staging import Staging

ReadAudio = Callable[[str], bytes]
Progress = Callable[[int, int, str], object]

_DECODE_FRAMES = 1 << 16


def build(
    folder: Path,
    spec: ReleaseSpec,
    tables: Tables,
    read_audio: ReadAudio,
    *,
    features: Features | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """Build a release folder from frozen tables.

    Files grow in `<folder>.staging`. A run that was stopped or killed goes on where it was: audio
    already staged with the right hash is not read again. When everything is there the verifier
    runs over it, and one rename shows the release. Equal inputs under equal versions of the
    encoders (they stand in the manifest) give equal bytes; no clock is read.

    Parameters
    ----------
    folder : Path
        Where the release shall stand. Must not exist.
    spec : ReleaseSpec
        Name, version, classes, contract, provenance.
    tables : Tables
        The rows.
    read_audio : callable
        From a clip's `audio_name` to the bytes of its Ogg file.
    features : Features, optional
        X of the npz.
    progress : callable, optional
        Called with (done, total, what) after every clip and stage.
    should_stop : callable, optional
        Asked before every clip.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BreachedContractError
        If the contract would be broken, with every breach; nothing is then published.
    ReleaseError
        If the folder exists, or the staged release fails its own verifier.
    ParameterError
        If the tables cannot be joined or features are missing.
    StateError
        If `should_stop` said so; the staged files stay for the next run.
    """
    folder = Path(folder)
    _refuse_existing(folder)
    found = assemble(spec, tables)
    breaches = check_assembly(spec, found)
    if breaches:
        raise BreachedContractError(spec.name, breaches)
    if features is not None:
        features.rows_for(list(found.clips["clip_id"]))
    tell = progress or (lambda done, total, what: None)
    staging = Staging(folder.with_name(folder.name + ".staging"))
    total = len(found.clips) + 3
    breaches = _stage_audio(staging, spec, found.clips, read_audio, tell, should_stop, total)
    if breaches:
        raise BreachedContractError(spec.name, breaches)
    write_tables(staging, spec, found, features)
    write_parquet(staging, spec, found)
    _write_documents(staging, spec, found, features)
    tell(total - 2, total, "tables")
    write_checksums(staging, spec, found.clips)
    write_manifest(staging, describe(spec, found, features))
    staging.remove_strangers()
    tell(total - 1, total, "manifest")
    report = verify.verify(staging.root)
    if not report.ok:
        told = "; ".join(problem["message"] for problem in report.problems[:10])
        raise ReleaseError(
            f"{spec.name} is not published: what was staged fails the verifier ({told}). Run "
            f"again; if it fails again, delete {staging.root}."
        )
    _refuse_existing(folder)
    os.sync()  # once for all files: one by one costs 5 ms each
    os.rename(staging.root, folder)
    tell(total, total, "published")
    return folder


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise ReleaseError(
            f"{folder} exists already and nothing published is ever overwritten: raise the version."
        )


def _stage_audio(
    staging: Staging,
    spec: ReleaseSpec,
    clips: pd.DataFrame,
    read_audio: ReadAudio,
    tell: Progress,
    should_stop: Callable[[], bool] | None,
    total: int,
) -> list[Breach]:
    """Copy every clip that is not yet staged; return what is wrong with any of them."""
    breaches: list[Breach] = []
    for done, clip in enumerate(clips.itertuples(index=False)):
        if should_stop is not None and should_stop():
            raise StateError(
                f"Building {spec.name} was stopped after {done} of {len(clips)} clips: run it "
                "again to go on."
            )
        name = audio_name(str(clip.sample_key))
        # Only audio that passed its check is ever staged, so the hash is enough.
        if not staging.holds(name, str(clip.audio_sha256)):
            wrong = _fetch(staging, spec, clip, name, read_audio)
            if wrong:
                sentence = f"Audio of {clip.sample_key}: {wrong}"
                breaches.append(Breach(code="audio", sentence=sentence))
        tell(done + 1, total, "audio")
    return breaches


def _fetch(
    staging: Staging, spec: ReleaseSpec, clip: object, name: str, read_audio: ReadAudio
) -> str:
    """Stage one clip; return what is wrong with it, or nothing."""
    values = clip._asdict()  # type: ignore[attr-defined]
    try:
        data = read_audio(str(values["audio_name"]))
    except (OSError, KeyError, ConsonanceError) as error:
        return f"it cannot be read from the media store ({error}). Cut the clip again."
    if hashlib.sha256(data).hexdigest() != values["audio_sha256"]:
        return "the media store holds other bytes than the clips table says. Cut the clip again."
    try:
        stated, rate, channels = verify.ogg_vorbis_length(data)
        decoded = _decoded_frames(data)
    except (ValueError, sf.SoundFileError) as error:
        return f"it does not decode as Ogg Vorbis ({error}). Cut the clip again."
    if (rate, channels) != (values["sample_rate"], values["channels"]):
        return f"it has {rate} Hz and {channels} channel(s), not what the clips table says."
    wanted, tolerance = values["duration_ms"], spec.contract.duration_tolerance_ms
    for frames in (stated, decoded):
        if abs(frames * 1000 - wanted * rate) > tolerance * rate:
            return f"it lasts {frames / rate:.3f} s instead of {wanted / 1000:.3f} s."
    staging.write(name, data)
    return ""


def _decoded_frames(data: bytes) -> int:
    """Return how many frames really come out, block by block."""
    with sf.SoundFile(io.BytesIO(data)) as file:
        return sum(len(block) for block in file.blocks(_DECODE_FRAMES, dtype="float32"))


def _write_documents(
    staging: Staging, spec: ReleaseSpec, found: Assembly, features: Features | None
) -> None:
    credit = attribution_table(found.clips)
    rows = credit.astype(object).where(credit.notna(), None).itertuples(index=False, name=None)
    staging.write_csv("ATTRIBUTION.csv", list(credit.columns), rows)
    for name, text in licence_texts(spec, found.clips).items():
        staging.write(name, text)
    staging.write("README.md", readme(spec, found, features))
    for module in (verify, reader):
        source = Path(str(module.__file__))
        staging.write(source.name, source.read_bytes())


def write_checksums(staging: Staging, spec: ReleaseSpec, clips: pd.DataFrame) -> None:
    """Write OpenMIC's table of audio MD5s, and SHA-256 of everything for `sha256sum -c`."""
    rows = []
    for key in clips["sample_key"]:
        data = (staging.root / audio_name(key)).read_bytes()
        rows.append((key, hashlib.md5(data, usedforsecurity=False).hexdigest()))
    staging.write_csv(f"checksums/{spec.name}-audio.csv", ("", "md5"), rows)
    facts = staging.facts()
    lines = "".join(
        f"{facts[name]['sha256']}  {name}\n" for name in facts if not name.startswith("checksums/")
    )
    staging.write("checksums/SHA256SUMS", lines)
