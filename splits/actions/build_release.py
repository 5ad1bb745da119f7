"""Build, verify and publish a release from frozen tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.core.files.storage import default_storage

from consonance.catalog.clip_table import clip_table
from consonance.catalog.models import Clip, FrozenTableRow
from consonance.errors import ParameterError, ReleaseError, StateError
from consonance.tables.store import TableStore
from splits.actions.plan_split import Planned, plan_split
from splits.actions.publish_release import publish_release
from splits.actions.since_last import known_of, last_before, partitions_of
from splits.actions.withhold_audio import rewrite_published
from splits.archive import pack
from splits.composing import composition_of
from splits.models import Release
from splits.recipes import ReleaseRecipe
from splits.sampling_provenance import sampling_of

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext
    from splits.release import Contract, ReleaseSpec

_LOOKUP = 400  # rows asked for at once, well below SQLite's limit of variables


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
        If the contract would be broken, or the version claims less than it changes; nothing is
        published.
    StateError
        If the release exists already, or no clip has a decided label.
    """
    published = Release.objects.filter(name=recipe.name, version=recipe.version).first()
    if published:
        if published.labels == labels and ReleaseRecipe.from_json(published.plan.recipe) == recipe:
            rewrite_published(published, actor)  # the run that published it may have died there
            return _result(published, note="published before from the same labels and recipe")
        raise StateError(
            f"{recipe.name} {recipe.version} is published and never overwritten: raise the version."
        )
    from splits.release import BreachedContractError, Tables, build_verified, verify_release
    from splits.release.assemble import assemble
    from splits.release.breaches import check_assembly
    from splits.release.changes import Snapshot, check_version, compare

    collection = labels.collection
    source = _tables_behind(labels)
    _drop_classes(source, recipe.leave_out)
    rows = source["labels"].column("clip_id").unique().to_pylist()
    contract = _contract(recipe)
    clips, why_out = _publishable(clip_table(rows), contract)
    left_out = dict(Counter(why_out.values()))
    for reason, count in left_out.items():
        context.log(f"{count} clip(s) left out: {reason}.")
    classes = _classes(source["labels"], clips)
    last = last_before(recipe.name, recipe.version)
    planned = plan_split(
        clips=clips,
        labels=source["labels"],
        classes=classes,
        recipe=recipe,
        context=context,
        earlier=partitions_of(last) if last and not recipe.split_anew else None,
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
    provenance["previous"] = last.version if last else None
    spec = _spec(labels, recipe, contract, classes, planned, provenance, source["ratings"])
    found = assemble(spec, tables)
    breaches = check_assembly(spec, found)
    changes = None
    if last is not None:
        known = known_of(last, why_out, planned.groups)
        changes = compare(
            Snapshot.of_folder(last.folder), Snapshot.of_assembly(spec, found), known
        )  # fmt: skip
        breaches += check_version(changes)
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
        report = verify_release(folder)
    else:

        def tell(done: int, total: int, what: str) -> None:
            context.progress(done, total, unit="steps", message=f"Building: {what}")

        report = build_verified(
            folder, spec, found, _read_audio, features=features, changes=changes,
            composition=composition_of(collection, tables, classes),
            decoded_before=_decoded_before(clips), progress=tell,
        )  # fmt: skip
    if not report.ok:
        raise ReleaseError(f"The verifier refused {folder}: {report.problems[:3]}")
    context.progress(0, 2, unit="steps", message="Packing the archive")
    archive = pack(folder)
    context.wrote(archive.path)
    context.progress(1, 2, unit="steps", message="Publishing")
    release = publish_release(
        labels=labels,
        recipe=recipe,
        plan=plan,
        folder=folder,
        archive=archive,
        spec=spec,
        found=found,
        verification=report.as_json(),
        previous=last,
        changes=changes,
        actor=actor,
    )
    rewrite_published(release, actor)
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


def _publishable(clips: pa.Table, contract: Contract) -> tuple[pa.Table, dict[str, str]]:
    """Return the clips that may be published, and of each other one why it may not."""
    from splits.release.attribution import MISSING_PARTS, missing_parts

    frame = clips.select([*MISSING_PARTS, "clip_id", "licence_spdx"]).to_pandas()
    allowed = frame["licence_spdx"].map(contract.allows).to_numpy(dtype=bool)
    credited = ~missing_parts(frame).any(axis=1).to_numpy() | (not contract.require_attribution)
    why = {
        clip: f"licence {name}"
        for clip, name in zip(
            frame["clip_id"][~allowed], frame["licence_spdx"][~allowed], strict=True
        )
    }
    why |= dict.fromkeys(frame["clip_id"][allowed & ~credited], "no full attribution")
    return clips.filter(pa.array(allowed & credited)), why


def _decoded_before(clips: pa.Table) -> Callable[[str], bool]:
    """Tell which files were decoded to their end when they were cut or rendered.

    Both compare what comes out with what went in, and name the file by the hash of its bytes.
    """
    rows = Clip.objects.filter(rendered_at__isnull=False)
    known: set[str] = set()
    ids = clips.column("clip_id").to_pylist()
    for first in range(0, len(ids), _LOOKUP):
        some = rows.filter(pk__in=ids[first : first + _LOOKUP])
        known.update(some.values_list("audio_sha256", flat=True))
    return known.__contains__


def _tables_behind(labels: FrozenTableRow) -> dict[str, pa.Table]:
    tables = {"labels": labels.open().read()}
    for kind in ("ratings", "skills"):
        name = labels.facts.get(kind)
        if not name:
            raise StateError(f"{labels} does not say which {kind} it came from: aggregate again.")
        frozen = TableStore(settings.TABLES_ROOT).open(kind, str(name))
        tables[kind] = frozen.read()
        if kind == "ratings" and frozen.facts.get("gold") != "retired only":
            # Frozen before gold in use was kept out of it: nothing there may be told as gold.
            untold = pa.array([False] * tables[kind].num_rows)
            place = tables[kind].schema.get_field_index("is_gold")
            tables[kind] = tables[kind].set_column(place, tables[kind].schema.field(place), untold)
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
        homepage=recipe.homepage,
        classes=classes,
        contract=contract,
        simulated=any(ratings.column("rater_is_simulated").to_pylist()),
        # The day the labels were frozen: the same labels, the same day, whenever it is built.
        created=labels.created_at.date().isoformat(),
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
