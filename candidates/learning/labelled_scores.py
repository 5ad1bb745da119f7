"""Labels and the embeddings of a score set, brought together: what every head learns from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from candidates.models import ScoreSet
from consonance.catalog.models import Clip, FrozenTableRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from candidates.search.labelled import Labelled, Place
    from candidates.search.material import Material


def material_of(
    score_set: ScoreSet,
    *,
    labels: FrozenTableRow | None,
    release: str,
    groups: str,
    validation_share: float,
    held_out_share: float,
    seed: int,
) -> Material:
    """Return labelled embeddings, divided without tearing groups.

    Parameters
    ----------
    score_set
        Whose embeddings are learnt from, and whose likelihoods are compared with.
    labels, release
        A frozen table of labels; or None and the folder name of a release.
    groups
        `artist` or `track`: what is never divided.
    validation_share, held_out_share, seed
        Of the division, where the labels do not come divided.

    Raises
    ------
    ParameterError
        If labels and scores do not fit, or nothing can be learnt or measured.
    """
    from candidates.scoring import at_places, shards
    from candidates.search.labelled import divided
    from candidates.search.material import gathered

    folder = score_set.folder
    labelled = _labelled(score_set, labels, release, groups, shards.scored_classes(folder))
    part = divided(
        labelled, validation_share=validation_share, held_out_share=held_out_share, seed=seed
    )

    def likelihood(places: Sequence[Place]) -> NDArray[np.float32]:
        _, logits = at_places.read_logits(folder, places)
        return shards.likelihood_of(logits)

    return gathered(labelled, part, shards.stream_embeddings(folder), likelihood=likelihood)


def _labelled(
    score_set: ScoreSet,
    labels: FrozenTableRow | None,
    release: str,
    grouped_by: str,
    classes: Sequence[str],
) -> Labelled:
    from candidates.loop.labels import crowd_labels
    from candidates.search.labelled import of_labels, of_release

    if labels is None:
        folder = Path(settings.RELEASES_ROOT) / release
        return of_release(folder, classes=classes, groups=grouped_by)
    table = labels.open()
    truth = crowd_labels([(table.read(), table.facts)]).truth
    clips = (
        Clip.objects.filter(track__collection=score_set.collection_id)
        .filter(duration_ms=score_set.window_ms)
        .values_list("pk", "track__track_no", "start_ms", "track__artist_key")
    )
    places, groups = {}, {}
    wanted = {clip for clip, _ in truth}
    for pk, track_no, start_ms, artist in clips.iterator():
        if str(pk) in wanted:
            places[str(pk)] = (track_no, start_ms)
            groups[str(pk)] = artist if grouped_by == "artist" else str(track_no)
    return of_labels(truth, classes=classes, places=places, groups=groups)
