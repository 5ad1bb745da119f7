"""MD5s of the audio, and the folder that mirdata's OpenMIC loader opens as it is.

That loader (mirdata 1.0, `openmic2018`) looks for files called openmic-2018-*.csv whatever the data
set is called, takes every file below partitions/ for a partition, the last one read winning, and
reads where the audio lies, with its MD5, from an index. So the folder holds the same tables under
those names, OpenMIC's own two partitions only, and an index that points to the audio beside it.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import Final

from splits.release.listing import LEGACY, LEGACY_NAME
from splits.release.material import Material
from splits.release.openmic_tree import audio_name
from splits.release.staging import Staging

#: The version of OpenMIC-2018 whose layout this is.
INDEX_VERSION: Final = "1.0"
INDEX: Final = f"{LEGACY}/openmic2018_index_{INDEX_VERSION}.json"
_SAME_NAME: Final = (
    *("class-map.json", "partitions/split01_train.csv", "partitions/split01_test.csv"),
)
_COPIED: Final = ("aggregated-labels", "individual-responses", "metadata")


def write_mirdata(staging: Staging, material: Material) -> None:
    """Write OpenMIC's table of audio MD5s and mirdata's folder; the tables are staged already."""
    name = material.spec.name
    sums = {key: staging.md5_of(audio_name(key)) for key in material.found.clips["sample_key"]}
    staging.write_csv(f"checksums/{name}-audio.csv", ("", "md5"), sums.items())
    same = {f"{name}-{kind}.csv": f"{LEGACY_NAME}-{kind}.csv" for kind in _COPIED}
    same |= {path: path for path in _SAME_NAME}
    for source, target in same.items():
        with (staging.root / source).open("rb") as file:
            staging.write_with(f"{LEGACY}/{target}", partial(shutil.copyfileobj, file))
    index = {
        "version": INDEX_VERSION,
        "tracks": {
            # No VGGish here: the features of a release stand in its npz under their own name.
            key: {"audio": [f"../{audio_name(key)}", digest], "vggish": [None, None]}
            for key, digest in sums.items()
        },
    }
    staging.write(INDEX, json.dumps(index, indent=1) + "\n")
