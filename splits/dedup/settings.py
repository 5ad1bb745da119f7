"""What a search for duplicates may be told; stored with its result."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Parameters of `find_duplicates`.

    Attributes
    ----------
    expected_false_edges : float
        Edges between strangers that are expected among all pairs, at most 1. It sets the
        thresholds.
    same_sound : float
        Share of equal bits from which an edge counts as verified, and a clip may be dropped. A
        stranger has 0.5. Of 51 real clips, copies through Ogg at its lowest quality, a 4 kHz
        low-pass, gain, noise at 20 dB and offsets kept 0.77 or more, through MP3 at its lowest
        quality 0.73 or more; another mix of one song had 0.68.
    min_overlap : float
        A verified pair overlaps at least this share of the shorter recording.
    candidates_per_recording : int
        Pairs of strangers, a recording, that are expected to be aligned in vain.
    n_impostors : int
        Pairs of strangers on which the thresholds are calibrated.
    max_group : int
        Doubtful edges that would make a group larger than this are cut, and reported.
    max_seconds : float
        How much of a recording is fingerprinted.
    threads : int
        Of FAISS.
    seed : int
        Of the sample of strangers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    expected_false_edges: float = Field(default=0.1, gt=0, le=1)
    same_sound: float = Field(default=0.75, gt=0.5, le=1)
    min_overlap: float = Field(default=0.8, gt=0, le=1)
    candidates_per_recording: int = Field(default=10, ge=1)
    n_impostors: int = Field(default=2_000, ge=100)
    max_group: int = Field(default=50, ge=2)
    max_seconds: float = Field(default=1_200.0, gt=0)
    threads: int = Field(default=1, ge=1)
    seed: int = 0
