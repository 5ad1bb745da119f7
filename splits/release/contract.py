"""What a release promises its readers."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field, JsonValue

#: Licences that let a ten-second excerpt be shared. No-derivatives licences are left out because an
#: excerpt is arguably a derivative; unknown ones because nobody can check them.
OPEN_LICENCES = (
    "CC0-1.0",
    "CC-PDM-1.0",
    "CC-PDDC",
    "CC-BY-[1-4].*",
    "CC-BY-SA-[1-4].*",
    "CC-BY-NC-[1-4].*",
    "CC-BY-NC-SA-[1-4].*",
)


class Contract(BaseModel):
    """The promise of a release; what breaks it is refused.

    Attributes
    ----------
    min_positives : int
        Clips labelled present, at least, for every class.
    min_labels : int
        Clips labelled present or absent, at least, for every class.
    min_answers_per_label : int
        Yes and no answers behind every label, at least.
    allowed_licences : tuple of str
        SPDX identifiers or shell patterns of them.
    require_attribution : bool
        Whether every clip needs title, artist, licence address and source address.
    undivided_artists : bool
        Whether an artist may be in one partition only. Duplicate groups always are.
    partitions : tuple of str
        Those that must hold clips.
    duration_tolerance_ms : int
        Allowed difference between a file's decoded and stated length (OpenMIC's verifier: 10 ms).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_positives: int = Field(default=500, ge=0)
    min_labels: int = Field(default=1500, ge=0)
    min_answers_per_label: int = Field(default=1, ge=1)
    allowed_licences: tuple[str, ...] = OPEN_LICENCES
    require_attribution: bool = True
    undivided_artists: bool = True
    partitions: tuple[str, ...] = ("train", "validation", "test")
    duration_tolerance_ms: int = Field(default=10, ge=0)

    def allows(self, licence_spdx: str) -> bool:
        """Tell whether clips under this SPDX expression may be released.

        One allowed licence of a choice (OR) is enough; of licences that hold together (AND) every
        one must be allowed. Anything more involved is refused.
        """
        return any(
            all(
                any(fnmatchcase(part, pattern) for pattern in self.allowed_licences)
                for part in choice.split(" AND ")
            )
            for choice in licence_spdx.split(" OR ")
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the contract for the manifest."""
        return self.model_dump(mode="json")


class Breach(BaseModel):
    """One way in which a release breaks its contract.

    Attributes
    ----------
    code : str
        Machine-readable kind.
    sentence : str
        What is wrong, where, and what would mend it.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    sentence: str


def few(keys: list[str], limit: int = 5) -> str:
    """Return the first keys of a list and how many more there are."""
    text = ", ".join(keys[:limit])
    return text if len(keys) <= limit else f"{text} and {len(keys) - limit} more"
