"""Credit and licences: who made each clip, and what may be done with what."""

from __future__ import annotations

from typing import Final

import pandas as pd

from splits.release.spec import ReleaseSpec

MISSING_PARTS: Final = {
    "title": "a title",
    "artist": "an artist",
    "licence_url": "the address of their licence",
    "track_url": "the address of their source",
}


def missing_parts(clips: pd.DataFrame) -> pd.DataFrame:
    """Return, for each clip and part of an attribution, whether it is missing.

    Parameters
    ----------
    clips : pandas.DataFrame
        Columns of CLIPS.

    Returns
    -------
    pandas.DataFrame of bool
        One column for each key of `MISSING_PARTS`.
    """
    parts = clips[list(MISSING_PARTS)]
    return parts.isna() | (parts.fillna("").apply(lambda column: column.str.strip()) == "")


def attribution_lines(clips: pd.DataFrame) -> list[str]:
    """Return one line of credit a clip: title, artist, licence with address, source."""
    return [
        f'"{title}" by {artist}, {licence}'
        + (f" ({licence_url})" if licence_url else "")
        + (f", {track_url}" if track_url else "")
        for title, artist, licence, licence_url, track_url in zip(
            clips["title"],
            clips["artist"],
            clips["licence_title"],
            clips["licence_url"].fillna(""),
            clips["track_url"].fillna(""),
            strict=True,
        )
    ]


def attribution_table(clips: pd.DataFrame) -> pd.DataFrame:
    """Return ATTRIBUTION.csv: one row a clip."""
    return pd.DataFrame(
        {
            "sample_key": clips["sample_key"],
            "title": clips["title"],
            "artist": clips["artist"],
            "album": clips["album"],
            "licence_spdx": clips["licence_spdx"],
            "licence_url": clips["licence_url"],
            "source_url": clips["track_url"],
            "artist_url": clips["artist_url"],
            "attribution": attribution_lines(clips),
        }
    )


def licence_texts(spec: ReleaseSpec, clips: pd.DataFrame) -> dict[str, str]:
    """Return the licence notices: audio, labels and code are licensed apart, and one says so."""
    counts = clips["licence_spdx"].value_counts()
    rows = "".join(f"{counts[name]:>8}  {name}\n" for name in sorted(counts.index))
    return {
        "LICENSE": (
            f"{spec.title} {spec.version} has no one licence:\n\n"
            "  audio       each clip's own: LICENSE-audio.txt and ATTRIBUTION.csv\n"
            f"  labels      {spec.licence_labels}: LICENSE-labels.txt\n"
            "  code        Apache-2.0: LICENSE-code.txt\n\n"
            "Labels are all that is neither a recording nor a program: ratings, partitions, "
            "metadata and\ndocumentation too.\n"
        ),
        "LICENSE-audio.txt": (
            f"Audio of {spec.title} {spec.version}\n\n"
            "Every clip keeps the licence of the recording it was cut from; the release as a whole "
            "puts no\nother licence on it. ATTRIBUTION.csv has the licence, its address and the "
            "line of credit of each\nclip. Whoever passes a clip on must keep its credit and "
            f"licence.\n\n   clips  licence (SPDX)\n{rows}"
        ),
        "LICENSE-labels.txt": (
            f"Labels, ratings, partitions, metadata and documentation of {spec.title} "
            f"{spec.version}\n\nSPDX-License-Identifier: {spec.licence_labels}\n"
            f"https://spdx.org/licenses/{spec.licence_labels}.html\n"
        ),
        "LICENSE-code.txt": (
            "verify.py and load.py in this folder are part of Consonance.\n\n"
            "SPDX-License-Identifier: Apache-2.0\nhttps://www.apache.org/licenses/LICENSE-2.0\n"
        ),
    }
