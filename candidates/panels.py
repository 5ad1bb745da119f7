"""What this room adds to the pages of collections and taxonomies."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from candidates.detector.coverage import unknown_to
from candidates.models import DetectorVersion, SamplingRound, ScoreSet
from consonance.catalog.models import Collection, Taxonomy
from consonance.catalog.panels import Fact, Panel, register_panel
from consonance.catalog.taxonomies import definition_of

#: Classes that a detector does not know and a panel names.
_NAMED = 6
#: Rounds that a panel lists.
_LISTED = 10


@register_panel("collection", order=10)
def scores(collection: Collection, person: Any) -> Panel:
    """Return what detectors have scored."""
    found = ScoreSet.objects.filter(collection=collection).select_related("detector")
    facts = [
        Fact(
            str(scored.detector),
            f"{scored.excerpts:,} excerpts of {scored.tracks:,} tracks"
            if scored.is_complete
            else "not complete",
        )
        for scored in found
    ]
    url = f"{reverse('candidates:score')}?collection={collection.slug}"
    if facts:
        return Panel(title="Scores", facts=facts, url=url, action="Score again")
    return Panel(
        title="Scores",
        note="No detector has heard these recordings yet.",
        url=url,
        action="Score the collection",
    )


@register_panel("collection", order=20)
def rounds(collection: Collection, person: Any) -> Panel | None:
    """Return the rounds drawn from the scores."""
    if not ScoreSet.objects.filter(collection=collection, is_complete=True).exists():
        return None
    found = SamplingRound.objects.filter(score_set__collection=collection)
    facts = [
        Fact(
            f"Round {drawn.number}",
            f"{drawn.candidates.count():,} candidates",
            drawn.get_absolute_url(),
        )
        for drawn in found
    ]
    if facts:
        told = reverse("candidates:yields", args=[collection.slug])
        facts.append(Fact("What they found", "positives per hundred questions", told))
    return Panel(
        title="Rounds",
        facts=facts,
        note="" if facts else "A round draws the clips that are worth asking about.",
        url=reverse("candidates:draw"),
        action="Draw a round",
    )


@register_panel("taxonomy", order=10)
def detectors(taxonomy: Taxonomy, person: Any) -> Panel | None:
    """Return which classes of a taxonomy each detector knows."""
    definition = definition_of(taxonomy)
    if not definition.classes:
        return None
    shown = {entry.name: entry.display_name for entry in definition.classes}
    facts = [Fact(name, _known(unknown, shown)) for name, unknown in unknown_to(definition).items()]
    facts += [
        Fact(
            f"{version.name} {version.version}",
            _known(tuple(version.uncovered), shown),
            version.get_absolute_url(),
        )
        for version in DetectorVersion.objects.filter(taxonomy=taxonomy).order_by("created_at")
    ]
    return Panel(
        title="Detectors",
        facts=facts,
        note="Rounds sample what a detector does not know uniformly.",
        command=(
            f"./consonance score --collection my-archive --taxonomy {taxonomy.name}@"
            f"{taxonomy.version}"
            if taxonomy.is_published
            else ""
        ),
    )


def _known(unknown: tuple[str, ...], shown: dict[str, str]) -> str:
    missing = sorted(shown.get(name, name) for name in unknown)
    told = f"{len(shown) - len(missing)} of {len(shown)} classes"
    if not missing or len(missing) == len(shown):
        return told
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"{told}; not {', '.join(missing[:_NAMED])}{more}"


@register_panel("taxonomy", order=20)
def rounds_of_taxonomy(taxonomy: Taxonomy, person: Any) -> Panel | None:
    """Return the rounds that were drawn by a taxonomy."""
    if not taxonomy.is_published:
        return None
    found = SamplingRound.objects.filter(score_set__detector__taxonomy=taxonomy).select_related(
        "score_set__collection"
    )
    facts = [
        Fact(str(drawn), f"{drawn.get_state_display().lower()}", drawn.get_absolute_url())
        for drawn in found[:_LISTED]
    ]
    more = found.count() - len(facts)
    return Panel(
        title="Rounds",
        facts=facts,
        note=(f"And {more:,} more." if more > 0 else "")
        if facts
        else "No round was drawn by it yet.",
    )
