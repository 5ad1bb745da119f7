"""What is to be released: the description and the tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from consonance.errors import ParameterError
from consonance.tables.schemas import conform
from splits.release.contract import Contract

SIMULATED_MARK: Final = "-simulated"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Version = Annotated[str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")]
Date = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Address = Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
# A class name becomes a column and part of a CSV.
ClassName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


#: Columns that stand beside the classes' own in tables with a column a class.
_COLUMNS: Final = frozenset(
    {"sample_key", "clip_id", "partition", "audio", "licence_spdx", "attribution"}
)


class ReleaseSpec(BaseModel):
    """Name, version, classes and promise of a release.

    Attributes
    ----------
    name : str
        Lower-case words joined by hyphens; first part of the file names. Carries "-simulated"
        if (and only if) people were simulated.
    version : str
        MAJOR.MINOR.PATCH; moving a clip to another partition is MAJOR (Croissant's rule).
    title, description : str
        For people.
    creators : tuple of str
        Who is to be cited.
    classes : tuple of str
        In the order of columns.
    contract : Contract
        The promise.
    simulated : bool
        Whether any rating was given by a simulated person.
    created : str, optional
        YYYY-MM-DD, if the caller wants one: no clock is read, so equal inputs give equal bytes.
    homepage : str
        Address of the release's page, if it has a public one.
    licence_labels : str
        SPDX identifier of labels and documentation.
    inputs : dict of str to str
        Table kind to the hash of its frozen file.
    provenance : dict
        Detector, seeds, methods, thresholds ...: JSON that is copied into the manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    version: Version
    title: str = Field(min_length=1)
    description: str = ""
    creators: tuple[str, ...] = ()
    classes: tuple[ClassName, ...] = Field(min_length=1)
    contract: Contract = Contract()
    simulated: bool
    created: Date | None = None
    homepage: Address = ""
    licence_labels: str = "CC-BY-4.0"
    inputs: dict[str, str] = {}
    provenance: dict[str, JsonValue] = {}

    @model_validator(mode="after")
    def _classes_are_distinct_and_provenance_is_json(self) -> ReleaseSpec:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"A class stands twice in {', '.join(self.classes)}.")
        taken = [name for name in self.classes if name in _COLUMNS or name.startswith("known_")]
        if taken:
            raise ValueError(f"A class cannot be called {taken[0]}: a column has that name.")
        try:
            json.dumps(self.provenance, allow_nan=False)
        except ValueError as error:
            raise ValueError(f"provenance holds a number that JSON cannot: {error}.") from error
        return self

    @classmethod
    def of(cls, **values: object) -> ReleaseSpec:
        """Return a spec, with our own error for values that do not fit.

        Raises
        ------
        ParameterError
            If a value is missing or ill-formed; every one is named.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            told = "; ".join(
                f"{'.'.join(str(part) for part in item['loc']) or 'spec'}: {item['msg']}"
                for item in error.errors()
            )
            raise ParameterError(f"This is no release specification: {told}.") from error


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The frozen tables a release is made of (see `consonance.tables.schemas`).

    Attributes
    ----------
    clips, labels, ratings, skills, groups, splits : pyarrow.Table
        Rows of their kind. The clips of the release are those of `splits`; rows of other clips
        are left out.
    candidates : pyarrow.Table, optional
        Where the clips were drawn from.
    """

    clips: pa.Table
    labels: pa.Table
    ratings: pa.Table
    skills: pa.Table
    groups: pa.Table
    splits: pa.Table
    candidates: pa.Table | None = None

    def conformed(self) -> Tables:
        """Return the tables with exactly the columns and types of their kinds.

        Raises
        ------
        ParameterError
            If one does not fit.
        """
        return Tables(
            clips=conform(self.clips, "clips"),
            labels=conform(self.labels, "labels"),
            ratings=conform(self.ratings, "ratings"),
            skills=conform(self.skills, "skills"),
            groups=conform(self.groups, "groups"),
            splits=conform(self.splits, "splits"),
            candidates=None if self.candidates is None else conform(self.candidates, "candidates"),
        )
