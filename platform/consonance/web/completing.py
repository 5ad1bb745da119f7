"""An exhaustive test set: a release says what is missing, a campaign asks it.

Neither room knows the other; here both are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from annotation.actions.complete_labels import complete_labels
from annotation.campaigns.effort import Effort, effort
from annotation.campaigns.rules import MAX_CLIP_CLASSES, CampaignRules
from annotation.models import Campaign
from candidates.models import Candidate
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from splits.completing import PARTITION, Missing, missing_labels
from splits.models import Release


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What completing a release's test partition takes.

    Attributes
    ----------
    release, missing
        Of which release, and what lacks a label.
    rules
        By which rules it would be asked.
    effort
        Questions, answers, hours and cost.
    opened
        The campaign that was opened for it before, if there is one.
    """

    release: Release
    missing: Missing
    rules: CampaignRules
    effort: Effort
    opened: Campaign | None


def name_for(release: Release) -> str:
    """Return what a campaign is called that completes a release."""
    return f"Complete test set of {release}"


def usual_rules(missing: Missing, **rules: Any) -> CampaignRules:
    """Return rules by which each clip is heard once and asked about all it lacks.

    Nothing stops short: there are no quotas to meet but the partition itself.
    """
    most = max((len(missing.classes), 1))
    usual: dict[str, Any] = {
        "asks": Campaign.Asks.CLIP_PASS,
        "clip_classes": min(MAX_CLIP_CLASSES, most),
        "quota_positives": max(1, missing.clips),
        "quota_labels": max(1, missing.clips),
    }
    return CampaignRules(**{**usual, **rules})


def plan_for(release: Release, **rules: Any) -> Plan:
    """Return what completing a release's test partition takes, opening nothing.

    Parameters
    ----------
    release
        Which.
    rules
        Fields of `CampaignRules` that differ from `usual_rules`.

    Raises
    ------
    ParameterError
        If the release has no test partition, or a number is out of range.
    """
    missing = missing_labels(release)
    chosen = usual_rules(missing, **rules)
    taken = effort(
        drawn=len(missing.pairs),
        beside=0,
        clips=len({clip for clip, _ in missing.pairs}),
        rules=chosen,
    )
    return Plan(
        release=release, missing=missing, rules=chosen, effort=taken, opened=opened_for(release)
    )


def opened_for(release: Release) -> Campaign | None:
    """Return the campaign that completes this release, if it was opened."""
    found: Campaign | None = Campaign.objects.filter(
        collection=release.collection_id, provenance__completes__release=str(release.pk)
    ).first()
    return found


def open_for(plan: Plan, *, name: str = "", actor: Any = None) -> Campaign:
    """Open the campaign of a plan: one question for each clip and class without a label.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If a class of the release is in no taxonomy of its rounds.
    StateError
        If nothing is missing, or a campaign for it is open already.
    """
    with transaction.atomic():
        # Two who press at the same moment come one after the other.
        Release.objects.select_for_update().get(pk=plan.release.pk)
        opened = opened_for(plan.release)
        if opened is not None:
            raise StateError(f"“{opened}” completes {plan.release} already.")
        return _open(plan, name=name, actor=actor)


def _open(plan: Plan, *, name: str, actor: Any) -> Campaign:
    targets = _targets(plan.release, plan.missing.classes)
    fields = {key: getattr(plan.rules, key) for key in CampaignRules.__dataclass_fields__}
    return complete_labels(
        collection=plan.release.collection,
        pairs=[(clip, targets[name].pk) for clip, name in plan.missing.pairs],
        name=name or name_for(plan.release),
        completes={
            "release": str(plan.release.pk),
            "name": plan.release.name,
            "version": plan.release.version,
            "partition": PARTITION,
        },
        actor=actor,
        **fields,
    )


def _targets(release: Release, classes: tuple[str, ...]) -> dict[str, TaxonomyClass]:
    """Return the class rows that people were asked by, newest round first, else the taxonomy's."""
    drawn = (
        Candidate.objects.filter(clip__release_rows__release=release, target__name__in=classes)
        .order_by("round__created_at")
        .values_list("target__name", "target_id")
        .distinct()
    )
    ids = dict(drawn)
    found = TaxonomyClass.objects.in_bulk(set(ids.values()))
    targets = {name: found[pk] for name, pk in ids.items()}
    detector = release.manifest.get("provenance", {}).get("detector", {})
    for name in classes:
        if name not in targets:
            same = TaxonomyClass.objects.filter(
                name=name,
                taxonomy__name=detector.get("taxonomy", ""),
                taxonomy__version=detector.get("taxonomy_version", ""),
            ).first()
            if same is None:
                raise ParameterError(
                    f"{release} has the class {name!r}, which is in no taxonomy of its rounds, so "
                    "nobody can be asked about it."
                )
            targets[name] = same
    return targets


def told(plan: Plan) -> list[str]:
    """Return the forecast in sentences."""
    missing, taken = plan.missing, plan.effort
    whole = missing.clips * len(missing.classes)
    sentences = [
        f"{missing.labelled:,} of {whole:,} labels of the test partition are there: "
        f"{missing.clips:,} clips by {len(missing.classes):,} classes.",
        f"{taken.questions:,} questions about {taken.clips:,} clips are to be asked.",
        f"They take {taken.answers[0]:,} to {taken.answers[1]:,} answers, gold and repeats "
        f"included, or {taken.hours[0]:,.1f} to {taken.hours[1]:,.1f} hours of listening.",
    ]
    if taken.cost is not None:
        low, high = taken.cost
        sentences.append(f"That is {low:,.2f} to {high:,.2f} {taken.currency}.")
    return sentences
