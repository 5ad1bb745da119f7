"""Build, verify and publish a release from frozen tables."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.core.files.storage import default_storage

from consonance.catalog.clip_table import clip_table
from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError, ReleaseError, StateError
from consonance.tables.store import TableStore
from splits.actions.plan_split import Planned, plan_split
from splits.actions.publish_release import publish_release
from splits.archive import pack
from splits.models import Release
from splits.recipes import ReleaseRecipe
from splits.sampling_provenance import sampling_of

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext
    from splits.release import Contract, ReleaseSpec


def build_release(
    *, labels: FrozenTableRow, recipe: ReleaseRecipe, context: JobContext, actor: Any = None
) -> dict[str, Any]:
    """Build a release; a published one of the same name and version is never touched.

    Parameters
    ----------
    labels
        The labels of a consensus run; they name the ratings and skills they came from.
    recipe
        Name, contract, split.
    context
        The running job.
    actor
        Who publishes; None for the command line.

    Raises
    ------
    ParameterError
        If a class to leave out is not in the labels.
    BreachedContractError
        If the contract would be broken; nothing is published.
    StateError
        If the release exists already, or no clip has a decided label.
    """
    published = Release.objects.filter(name=recipe.name, version=recipe.version).first()
    if published:
        if published.labels == labels and ReleaseRecipe.from_json(published.plan.recipe) == recipe:
            return _result(published, note="published before from the same labels and recipe")
        raise StateError(
            f"{recipe.name} {recipe.version} is published and never overwritten: raise the version."
        )
    from splits.release import BreachedContractError, Tables, build, check, verify_release

    collection = labels.collection
    source = _tables_behind(labels)
    _drop_classes(source, recipe.leave_out)
    rows = source["labels"].column("clip_id").unique().to_pylist()
    contract = _contract(recipe)
    clips, left_out = _publishable(clip_table(rows), contract)
    for reason, count in left_out.items():
        context.log(f"{count} clip(s) left out: {reason}.")
    classes = _classes(source["labels"], clips)
    planned = plan_split(
        clips=clips,
        labels=source["labels"],
        classes=classes,
        recipe=recipe,
        context=context,
    )
    candidates, provenance, features = sampling_of(planned, clips)
    tables = Tables(
        clips=clips,
        labels=source["labels"],
        ratings=source["ratings"],
        skills=source["skills"],
        groups=planned.groups,
        splits=planned.splits,
        candidates=candidates,
    )
    provenance["left_out"] = left_out
    spec = _spec(labels, recipe, contract, classes, planned, provenance, source["ratings"])
    breaches = check(spec, tables)
    if breaches:
        raise BreachedContractError(spec.name, breaches)
    # Only what will be published leaves tables and rows behind.
    plan = planned.keep(collection)
    frozen = TableStore(settings.TABLES_ROOT).freeze(clips, "clips", {"labels": labels.sha256})
    inputs = {
        **spec.inputs,
        "clips": FrozenTableRow.keep(frozen, collection).sha256,
        "groups": plan.groups.sha256,
        "splits": plan.assignment.sha256,
    }
    spec = spec.model_copy(update={"inputs": inputs})
    folder = Path(settings.RELEASES_ROOT) / f"{recipe.name}-{recipe.version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    context.wrote(folder)
    if folder.exists():
        _adopt(folder, spec)
    else:

        def tell(done: int, total: int, what: str) -> None:
            context.progress(done, total, unit="steps", message=f"Building: {what}")

        build(folder, spec, tables, _read_audio, features=features, progress=tell)
    report = verify_release(folder)
    if not report.ok:
        raise ReleaseError(f"The verifier refused {folder}: {report.problems[:3]}")
    archive = pack(folder)
    context.wrote(archive)
    release = publish_release(
        labels=labels,
        recipe=recipe,
        plan=plan,
        folder=folder,
        archive=archive,
        spec=spec,
        tables=tables,
        verification=report.as_json(),
        actor=actor,
    )
    return _result(release)


def _result(release: Release, *, note: str = "") -> dict[str, Any]:
    clips = release.clips.count()
    return {
        "release": str(release.pk),
        "name": release.name,
        "version": release.version,
        "folder": str(release.folder),
        "archive": str(release.archive),
        "clips": clips,
        "figures": release.figures,
        "manifest_sha256": release.manifest_sha256,
        "summary": f"{release}: {clips} clips in {release.folder}, "
        + (f"{note}." if note else "verified and published."),
    }


def _adopt(folder: Path, spec: ReleaseSpec) -> None:
    """Accept a folder that was built by a process that died before the row was written.

    Raises
    ------
    StateError
        If it holds another release: nothing published is ever overwritten.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        manifest = {}
    if manifest.get("inputs") != spec.inputs or manifest.get("version") != spec.version:
        raise StateError(
            f"{folder} holds something else. Move it away, or raise the release's version."
        )


def _contract(recipe: ReleaseRecipe) -> Contract:
    from splits.release import Contract

    promise: dict[str, Any] = {
        "min_positives": recipe.min_positives,
        "min_labels": recipe.min_labels,
        "partitions": tuple(recipe.shares),
    }
    if recipe.any_licence:
        promise |= {"allowed_licences": ("*",), "require_attribution": False}
    return Contract(**promise)


def _publishable(clips: pa.Table, contract: Contract) -> tuple[pa.Table, dict[str, int]]:
    """Return the clips that may be published, and why how many others may not."""
    from splits.release.attribution import missing_parts

    frame = clips.to_pandas()
    allowed = frame["licence_spdx"].map(contract.allows).to_numpy(dtype=bool)
    credited = ~missing_parts(frame).any(axis=1).to_numpy() | (not contract.require_attribution)
    left_out = Counter(f"licence {name}" for name in frame["licence_spdx"][~allowed])
    left_out["no full attribution"] = int((allowed & ~credited).sum())
    return clips.filter(pa.array(allowed & credited)), dict(+left_out)


def _tables_behind(labels: FrozenTableRow) -> dict[str, pa.Table]:
    tables = {"labels": labels.open().read()}
    for kind in ("ratings", "skills"):
        name = labels.facts.get(kind)
        if not name:
            raise StateError(f"{labels} does not say which {kind} it came from: aggregate again.")
        tables[kind] = TableStore(settings.TABLES_ROOT).open(kind, str(name)).read()
    return tables


def _drop_classes(source: dict[str, pa.Table], names: tuple[str, ...]) -> None:
    """Take the rows of these classes out of labels and ratings."""
    known = set(source["labels"].column("class_name").to_pylist())
    unknown = sorted(set(names) - known)
    if unknown:
        raise ParameterError(
            f"Cannot leave out {', '.join(unknown)}: these labels have no such class. Theirs are "
            f"{', '.join(sorted(known))}."
        )
    for kind in ("labels", "ratings"):
        column = source[kind].column("class_name").cast(pa.string())
        dropped = pc.is_in(column, value_set=pa.array(names, pa.string()))
        source[kind] = source[kind].filter(pc.invert(dropped))


def _classes(labels: pa.Table, clips: pa.Table) -> tuple[str, ...]:
    """Return the classes that were asked, in alphabetical order."""
    frame = labels.to_pandas()
    known = set(clips.column("clip_id").to_pylist())
    return tuple(sorted(set(frame["class_name"][frame["clip_id"].isin(known)].astype(str))))


def _spec(
    labels: FrozenTableRow,
    recipe: ReleaseRecipe,
    contract: Contract,
    classes: tuple[str, ...],
    planned: Planned,
    provenance: dict[str, Any],
    ratings: pa.Table,
) -> ReleaseSpec:
    from splits.release import ReleaseSpec

    facts = {key: value for key, value in labels.facts.items() if key not in {"ratings", "skills"}}
    return ReleaseSpec.of(
        name=recipe.name,
        version=recipe.version,
        title=recipe.title,
        description=recipe.description,
        creators=recipe.creators,
        classes=classes,
        contract=contract,
        simulated=any(ratings.column("rater_is_simulated").to_pylist()),
        inputs={
            "labels": labels.sha256,
            "ratings": str(labels.facts["ratings"]),
            "skills": str(labels.facts["skills"]),
        },
        provenance={
            **provenance,
            "collection": labels.collection.name,
            "consensus": facts,
            "duplicates": planned.duplicates,
            "split": {"shares": recipe.shares, "seed": recipe.seed, **planned.quality},
        },
    )


def _read_audio(name: str) -> bytes:
    with default_storage.open(name) as file:
        content: bytes = file.read()
    return content
