"""Build a release: staged, checked, then shown whole by one rename."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from consonance.errors import ReleaseError
from splits.release import verify
from splits.release.assemble import Assembly, assemble
from splits.release.breaches import BreachedContractError, check_assembly
from splits.release.changes import Changes, check_version
from splits.release.clip_audio import DecodedBefore, ReadAudio, stage_audio, write_checksums
from splits.release.features import Features
from splits.release.manifest import describe, write_manifest
from splits.release.material import Material
from splits.release.spec import ReleaseSpec, Tables
from splits.release.staging import Staging
from splits.release.verify import Report
from splits.release.writers import WRITERS

Progress = Callable[[int, int, str], object]

#: What comes after the writers.
_LAST: Final = ("manifest", "verified", "published")


def build(
    folder: Path,
    spec: ReleaseSpec,
    tables: Tables | Assembly,
    read_audio: ReadAudio,
    **options: Any,
) -> Path:
    """Build a release and return its folder; see `build_verified`, which has the same options."""
    build_verified(folder, spec, tables, read_audio, **options)
    return Path(folder)


def build_verified(
    folder: Path,
    spec: ReleaseSpec,
    tables: Tables | Assembly,
    read_audio: ReadAudio,
    *,
    features: Features | None = None,
    changes: Changes | None = None,
    composition: dict[str, Any] | None = None,
    decoded_before: DecodedBefore | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Report:
    """Build a release folder from frozen tables.

    Files grow in `<folder>.staging`. A run that was stopped or killed goes on where it was: audio
    already staged with the right hash is not fetched again. When everything is there the verifier
    runs over it, and one rename shows the release. Equal inputs under equal versions of the
    encoders (they stand in the manifest) give equal bytes; no clock is read.

    Parameters
    ----------
    folder : Path
        Where the release shall stand. Must not exist.
    spec : ReleaseSpec
        Name, version, classes, contract, provenance.
    tables : Tables or Assembly
        The rows, joined or not.
    read_audio : callable
        From a clip's `audio_name` to the bytes of its Ogg file; called from threads.
    features : Features, optional
        X of the npz.
    changes : Changes, optional
        What differs from the last version. A version that claims less is refused.
    composition : dict, optional
        The composition report (`splits.composition.tally.compose`).
    decoded_before : callable, optional
        Tells of a content hash whether such a file was decoded to its end before; it is then not
        decoded again (see `clip_audio.stage_audio`).
    progress : callable, optional
        Called with (done, total, what) after every clip and stage.
    should_stop : callable, optional
        Asked before every clip.

    Returns
    -------
    Report
        What the verifier said of the whole, before it was shown.

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
    found = tables if isinstance(tables, Assembly) else assemble(spec, tables)
    breaches = check_assembly(spec, found) + (check_version(changes) if changes else [])
    if breaches:
        raise BreachedContractError(spec.name, breaches)
    if features is not None:
        features.require(list(found.clips["clip_id"]))
    tell = progress or (lambda done, total, what: None)
    staging = Staging(folder.with_name(folder.name + ".staging"))
    clips, total = len(found.clips), len(found.clips) + len(WRITERS) + len(_LAST)
    breaches = stage_audio(
        staging, spec, found.clips, read_audio,
        decoded_before=decoded_before,
        tell=lambda done: tell(done, total, "audio"),
        should_stop=should_stop,
    )  # fmt: skip
    if breaches:
        raise BreachedContractError(spec.name, breaches)
    material = Material(
        spec=spec, found=found, features=features, changes=changes, composition=composition
    )
    for index, writer in enumerate(WRITERS, start=1):
        writer.write(staging, material)
        tell(clips + index, total, writer.name)
    write_checksums(staging)
    write_manifest(staging, describe(spec, found, features))
    staging.remove_strangers()
    tell(total - 2, total, "manifest")
    report = verify.verify(staging.root)
    if not report.ok:
        told = "; ".join(problem["message"] for problem in report.problems[:10])
        raise ReleaseError(
            f"{spec.name} is not published: what was staged fails the verifier ({told}). Run "
            f"again; if it fails again, delete {staging.root}."
        )
    tell(total - 1, total, "verified")
    _refuse_existing(folder)
    os.sync()  # once for all files: one by one costs 5 ms each
    os.rename(staging.root, folder)
    report.folder = str(folder)
    tell(total, total, "published")
    return report


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise ReleaseError(
            f"{folder} exists already and nothing published is ever overwritten: raise the version."
        )
