"""A folder of mixtures: sound, labels in the form that `clips.read_clips` reads, and the recipe."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile as sf

from candidates.detector.arrays import write_whole
from candidates.detector.clips import LABELS, LabelledClip, digest
from candidates.detector.interface import Float
from candidates.detector.mixtures import Mixture, MixtureRecipe, heard_in, mixed
from consonance.audio.decode import read_mono
from consonance.errors import ParameterError

SAMPLE_RATE: Final = 32_000  # Hz
RECIPE: Final = "recipe.json"
_COLUMNS: Final = (
    "file", "classes", "labels_complete", "source_repo", "source_path", "attribution", "fold",
    "gains_db",
)  # fmt: skip


def stems_of(clips: Sequence[LabelledClip], sample_rate: int = SAMPLE_RATE) -> list[Float]:
    """Return the sound of every clip at one rate; short as they are, they fit into memory."""
    return [read_mono(clip.path, sample_rate=sample_rate) for clip in clips]


def write(
    folder: Path,
    planned: Sequence[Mixture],
    clips: Sequence[LabelledClip],
    recipe: MixtureRecipe,
    *,
    on_mixture: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Write mixtures as FLAC files of 16 bits, with ``labels.csv`` and ``recipe.json``.

    The labels come last: a folder without them was not finished.

    Parameters
    ----------
    folder
        Empty, or not there yet.
    planned, clips, recipe
        From and for `mixtures.plan`.
    on_mixture
        Called with the number written so far.

    Returns
    -------
    dict
        What `recipe.json` holds.

    Raises
    ------
    ParameterError
        If the folder holds anything, so that nothing of another run is taken for this one's.
    IngestError
        If a clip cannot be decoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ParameterError(f"{folder} is not empty. Name a new folder.")
    stems = stems_of(clips)
    rows = []
    heard: Counter[str] = Counter()
    for mixture in planned:
        name = f"mixture_{mixture.number:04d}.flac"
        sound = mixed(mixture, [stems[place] for place in mixture.stems], SAMPLE_RATE, recipe)
        buffer = io.BytesIO()
        sf.write(buffer, np.round(sound * 32767).astype(np.int16), SAMPLE_RATE, format="FLAC")
        write_whole(folder / name, buffer.getvalue())
        classes = heard_in(mixture, clips)
        heard.update(classes)
        names = ";".join(clips[place].path.name for place in mixture.stems)
        gains = ";".join(f"{gain:g}" for gain in mixture.gains_db)
        rows.append((name, ";".join(classes), "yes", "", names, "", mixture.fold, gains))
        if on_mixture is not None:
            on_mixture(len(rows))
    facts = {
        "recipe": recipe.as_json(),
        "clips_sha256": digest(clips),
        "clips": len(clips),
        "classes": dict(sorted(heard.items())),
    }
    write_whole(folder / RECIPE, (json.dumps(facts, indent=2) + "\n").encode())
    table = io.StringIO(newline="")
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(_COLUMNS)
    lines.writerows(rows)
    write_whole(folder / LABELS, table.getvalue().encode())
    return facts
