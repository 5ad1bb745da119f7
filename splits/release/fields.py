"""Every table of a release and every column in it: the one place that says what they mean.

The Frictionless package and the Croissant record sets are made from it, and a table that is not in
it is refused, so that no release holds a column that nobody explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from splits.release.openmic_tree import OPENMIC_METADATA
from splits.release.spec import ReleaseSpec

Kind = Literal["text", "integer", "number", "flag", "date", "list", "object"]

ANSWERS: Final = ("yes", "no", "unsure")
DECISIONS: Final = ("present", "absent", "undecided")


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    name : str
        As it stands in the file.
    kind : str
        Of its values.
    what : str
        Its meaning, for people, with unit and range.
    required : bool
        Whether every row has it.
    values : tuple
        Those it may have, if they are few.
    """

    name: str
    kind: Kind
    what: str
    required: bool = False
    values: tuple[str | int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableKind:
    """A table of a release.

    Attributes
    ----------
    name : str
        Lower-case words joined by hyphens.
    path : str
        Below the release's root.
    what : str
        What a row is.
    columns : tuple of Column
        In their order.
    key : tuple of str
        Columns that tell rows apart; empty if none do.
    has_header : bool
        Whether a CSV's first line names the columns.
    left_out : tuple of int
        Lines of a CSV that are no data, from 1.
    """

    name: str
    path: str
    what: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    has_header: bool = True
    left_out: tuple[int, ...] = ()


_KEY = Column(
    "sample_key", "text", "Clip: the track's number, _, its start in milliseconds.", required=True
)
_CLIP_ID = Column("clip_id", "text", "The platform's own id of the clip.", required=True)
_CLASS = Column("class_name", "text", "Class, a key of class-map.json.", required=True)
_INSTRUMENT = Column("instrument", "text", "Class, a key of class-map.json.", required=True)
_PARTITION = Column("partition", "text", "Partition of the clip.", required=True)
_YES = Column("n_yes", "integer", "Answers yes.", required=True)
_NO = Column("n_no", "integer", "Answers no.", required=True)
_UNSURE = Column("n_unsure", "integer", "Answers unsure.", required=True)
_STOP = Column(
    "stop_reason", "text", "Why the question stopped being asked; open if it had not.", True
)
_RELEVANCE = (
    "OpenMIC-2018's legacy number: 0.5 + or - half the winning answer's trust-weighted share. Not a"
    " share of votes; read decision instead."
)
_RATER = "Pseudonym: the same person throughout one collection, another one elsewhere."
_GOLD = (
    "Whether the question was gold (its answer known) and is retired. Gold still in use is not"
    " marked, so that it goes on working."
)
_TASK = Column("task", "text", "What was asked.", required=True)
_CREDIT = Column("attribution", "text", "The line of credit to print.", required=True)
_SPDX = Column("licence_spdx", "text", "SPDX identifier of the clip's licence.", required=True)

_OPENMIC_WORDS: Final = {
    "track_id": "Number of the track in its archive.",
    "album_id": "Album, as the platform knows it.",
    "album_title": "Title of the album.",
    "artist_id": "Artist, as the platform knows them; never in two partitions.",
    "artist_name": "Name of the artist.",
    "artist_url": "Page of the artist.",
    "license_title": "Licence of the recording, in words.",
    "license_url": "Address of the licence.",
    "tags": "Always []: no tags are published.",
    "track_genres": "Genres, as a JSON list of objects with genre_title.",
    "track_title": "Title of the recording.",
    "track_url": "Where the recording was found.",
}
_EMPTY = "A column of OpenMIC-2018's that this release leaves empty."

AGGREGATED: Final = (
    _KEY,
    _INSTRUMENT,
    Column("relevance", "number", _RELEVANCE, required=True),
    Column("num_responses", "integer", "Answers in all.", required=True),
    *(_YES, _NO, _UNSURE),
    Column("posterior", "number", "P(present) of the consensus model, from ratings alone.", True),
    Column("decision", "text", "What the label says.", required=True, values=DECISIONS[:2]),
    _STOP,
)
RESPONSES: Final = (
    _KEY,
    Column("worker_id", "text", _RATER, required=True),
    Column("worker_trust", "number", "P(a definite answer of this person is right).", True),
    Column("channel", "text", "Where answers come from.", True, ("consonance", "simulated")),
    _INSTRUMENT,
    Column("response", "number", "1.0 yes, 0.0 no, empty for unsure (OpenMIC's column)."),
    Column("answer", "text", "The answer.", required=True, values=ANSWERS),
    Column("is_simulated", "integer", "1 if a simulated person gave it.", True, (0, 1)),
    Column("is_gold", "integer", _GOLD, required=True, values=(0, 1)),
    Column("answered_on", "date", "Day, UTC; finer times can identify a person.", required=True),
    _TASK,
    Column("response_ms", "integer", "Milliseconds from first sound to answer."),
)
METADATA: Final = (
    *(
        Column(name, "integer" if name == "track_id" else "text", _OPENMIC_WORDS.get(name, _EMPTY))
        for name in OPENMIC_METADATA
    ),
    *(_SPDX, _CREDIT, _KEY),
    Column("start_time", "number", "Seconds from the track's start to the clip's.", required=True),
)
CLIPS: Final = (
    *(_KEY, _CLIP_ID, _PARTITION),
    Column("duplicate_group", "integer", "Clips with one number hold the same sound.", True),
    Column("artist_key", "text", "Artist, as the platform knows them.", required=True),
    Column("duration_ms", "integer", "Length in milliseconds.", required=True),
    Column("sample_rate", "integer", "Samples a second.", required=True),
    Column("channels", "integer", "1 mono, 2 stereo.", required=True),
    Column("audio_sha256", "text", "SHA-256 of the clip's file.", required=True),
)
CREDITS: Final = (
    _KEY,
    Column("title", "text", "Title of the recording."),
    Column("artist", "text", "Name of the artist."),
    Column("album", "text", "Title of the album, if known."),
    _SPDX,
    Column("licence_url", "text", "Address of the licence."),
    Column("source_url", "text", "Where the recording was found."),
    Column("artist_url", "text", "Page of the artist, if known."),
    _CREDIT,
)
LABELS: Final = (
    *(_KEY, _CLIP_ID, _CLASS),
    Column("decision", "text", "What the label says.", required=True, values=DECISIONS),
    Column("posterior_crowd", "number", "P(present), from ratings alone.", required=True),
    Column("posterior_with_detector", "number", "P(present), from ratings and the detector."),
    Column("majority", "number", "yes / (yes + no); null where nobody said either."),
    Column("relevance", "number", _RELEVANCE),
    *(_YES, _NO, _UNSURE, _STOP),
)
RATINGS: Final = (
    _KEY,
    Column("rating_id", "text", "Id of the rating, without meaning.", required=True),
    *(_CLIP_ID, _CLASS, _TASK),
    Column("rater", "text", _RATER, required=True),
    Column("rater_is_simulated", "flag", "Whether a simulated person gave it.", required=True),
    Column("answer", "text", "The answer.", required=True, values=ANSWERS),
    Column("is_gold", "flag", _GOLD, required=True),
    Column("answered_on", "date", "Day, UTC; finer times can identify a person.", required=True),
    Column("response_ms", "integer", "Milliseconds from first sound to answer."),
    Column("heard_ms", "integer", "Milliseconds of sound that were played."),
    Column(
        "guideline_version", "integer", "Version of the guideline that was shown; 0 none.", True
    ),
)
SKILLS: Final = (
    Column("rater", "text", _RATER, required=True),
    Column("rater_is_simulated", "flag", "Whether this is a simulated person.", required=True),
    Column("n_ratings", "integer", "Ratings that counted for this estimate.", required=True),
    Column("sensitivity", "number", "P(yes | present), estimated.", required=True),
    Column("specificity", "number", "P(no | absent), estimated.", required=True),
    Column("unsure_rate", "number", "Share of answers that were unsure.", required=True),
    Column("trust", "number", "P(a definite answer is right), estimated.", required=True),
)
CLIP_FACTS: Final = (
    *(_KEY, _CLIP_ID),
    Column("track_id", "text", "The platform's own id of the track.", required=True),
    Column("track_no", "integer", "Number of the track in its archive.", required=True),
    Column("start_ms", "integer", "Milliseconds from the track's start to the clip's.", True),
    Column("duration_ms", "integer", "Length in milliseconds.", required=True),
    Column("sample_rate", "integer", "Samples a second.", required=True),
    Column("channels", "integer", "1 mono, 2 stereo.", required=True),
    Column("audio_sha256", "text", "SHA-256 of the clip's file.", required=True),
    Column("pcm_sha256", "text", "SHA-256 of the decoded excerpt before encoding.", True),
    Column("title", "text", "Title of the recording."),
    Column("artist", "text", "Name of the artist."),
    Column("artist_key", "text", "Artist, as the platform knows them.", required=True),
    Column("album", "text", "Title of the album, if known."),
    Column("album_key", "text", "Album, as the platform knows it, if known."),
    Column("genres", "list", "Genres that the archive gives the track."),
    _SPDX,
    Column("licence_title", "text", "Licence in words.", required=True),
    Column("licence_url", "text", "Address of the licence."),
    Column("track_url", "text", "Where the recording was found."),
    Column("artist_url", "text", "Page of the artist, if known."),
    _PARTITION,
    Column("group", "integer", "Duplicate group: clips with one number hold the same sound.", True),
    _CREDIT,
)
SPLITS: Final = (_KEY, _CLIP_ID, _PARTITION)
GROUPS: Final = (
    *(_KEY, _CLIP_ID),
    Column("group", "integer", "Duplicate group: clips with one number hold the same sound.", True),
    Column("artist_key", "text", "Artist, as the platform knows them.", required=True),
)
CANDIDATES: Final = (
    *(_KEY, _CLIP_ID, _CLASS),
    Column("tail", "text", "Stratum it was drawn from, such as low or high.", required=True),
    Column("likelihood", "number", "P(present) that the detector gave, not calibrated.", True),
    Column("quantile", "number", "Rank of that among all excerpts of the archive, 0 to 1.", True),
    Column("inclusion", "number", "Probability with which the round drew it, if known."),
)
BASELINE_RESULTS: Final = (
    Column("class", "text", "Class, or macro for the mean over classes.", required=True),
    *(
        Column(name, "integer", f"Test clips {what}.")
        for name, what in (
            ("clips", "that have a label"),
            ("present", "labelled present"),
            ("absent", "labelled absent"),
        )
    ),
    Column("penalty", "number", "Strength of the squared penalty that validation chose."),
    *(
        Column(name + end, "number", f"{measure} on the test clips{which}.")
        for name, measure in (
            ("ap", "Average precision"),
            ("auc", "Area under the ROC curve"),
            ("f1", "F1 at 0.5"),
        )
        for end, which in (
            ("", ""),
            ("_low", ", lower end of its 95 % interval, artists resampled"),
            ("_high", ", upper end of its 95 % interval, artists resampled"),
        )
    ),
    Column("note", "text", "Why there is no number."),
)
AUDIO_SUMS: Final = (_KEY, Column("md5", "text", "MD5 of the clip's file.", required=True))


def wide(classes: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of the wide labels: three values a class, then a mask a class."""
    return (
        *(_KEY, _CLIP_ID, _PARTITION),
        *(
            Column(name, "integer", f"{name}: 1 present, 0 absent, -1 unknown.", True, (1, 0, -1))
            for name in classes
        ),
        *(
            Column(f"known_{name}", "flag", f"Whether {name} is known.", required=True)
            for name in classes
        ),
    )


def shard_columns(classes: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of the audio shards: the clip's sound, labels and credit."""
    return (
        _KEY,
        Column("audio", "object", "The clip's Ogg Vorbis file: `bytes`, and its `path`."),
        *(
            Column(name, "integer", f"{name}: 1 present, 0 absent, -1 unknown.", True, (1, 0, -1))
            for name in classes
        ),
        *(_SPDX, _CREDIT),
    )


CHANGES: Final = (
    Column("what", "text", "What changed.", required=True, values=("clip", "partition", "label")),
    Column("sample_key", "text", "Clip.", required=True),
    Column("class", "text", "Class, of a label; else empty."),
    Column("from", "text", "Before: partition or decision; empty for what is new."),
    Column("to", "text", "Now: partition or decision; empty for what is gone."),
    Column("why", "text", "Why it changed.", required=True),
)


def tables_of(spec: ReleaseSpec) -> list[TableKind]:
    """Return the tables that a release may hold, but partitions and shards, which are many.

    Parameters
    ----------
    spec : ReleaseSpec
        Gives the name and the classes.
    """
    name = spec.name
    pair = ("sample_key", "instrument")
    long = ("sample_key", "class_name")
    clip = ("sample_key",)
    legacy = [
        ("aggregated-labels", "Decided labels, present and absent alike.", AGGREGATED, pair),
        ("individual-responses", "Answers that people gave.", RESPONSES, ()),
        ("metadata", "Clips, in OpenMIC-2018's columns.", METADATA, clip),
    ]
    parquet = [
        ("labels", "Rated clips and classes, undecided ones too.", LABELS, long),
        ("labels_wide", "Labels with three values, a row a clip.", wide(spec.classes), clip),
        ("ratings", "Answers that people gave.", RATINGS, ("rating_id",)),
        ("skills", "People who answered, and how well.", SKILLS, ("rater",)),
        ("metadata", "Clips, their origin, licence and credit.", CLIP_FACTS, clip),
        ("splits", "Partition of each clip.", SPLITS, clip),
        ("groups", "Duplicate group of each clip.", GROUPS, clip),
        ("candidates", "Why a clip was asked about: detector's score and draw.", CANDIDATES, long),
    ]
    return [
        *(
            TableKind(name=kind, path=f"{name}-{kind}.csv", what=what, columns=columns, key=key)
            for kind, what, columns, key in legacy
        ),
        TableKind(
            name="baseline-results",
            path="baseline/results.csv",
            what="What one linear model a class reaches.",
            columns=BASELINE_RESULTS,
            key=("class",),
        ),
        TableKind(
            name="baseline-predictions",
            path="baseline/predictions.csv",
            what="Probabilities that the baseline gives the test clips.",
            columns=(
                _KEY,
                *(Column(c, "number", f"P({c}) by the baseline.") for c in spec.classes),
            ),
            key=clip,
        ),
        TableKind(
            name="changes",
            path="changes.csv",
            what="What differs from the last version, and why.",
            columns=CHANGES,
        ),
        TableKind(name="clips", path="clips.csv", what="Clips.", columns=CLIPS, key=clip),
        TableKind(
            name="attribution",
            path="ATTRIBUTION.csv",
            what="Credit of each clip.",
            columns=CREDITS,
            key=clip,
        ),
        *(
            TableKind(
                name=f"parquet-{kind.replace('_', '-')}",
                path=f"parquet/{kind}.parquet",
                what=what,
                columns=columns,
                key=key,
            )
            for kind, what, columns, key in parquet
        ),
    ]
