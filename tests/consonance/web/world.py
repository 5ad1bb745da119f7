"""An object behind every address: what a role meets when it asks for it. Not a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tests import factories


@dataclass(frozen=True)
class World:
    """One job, collection, track, clip, round, campaign, question and release."""

    job: Any
    track: Any
    clip: Any
    round: Any
    campaign: Any
    question: Any
    release: Any
    run: Any

    def arguments(self, route: str) -> dict[str, Any]:
        """Return what a route's converters are called, and the object's value for each."""
        known = {
            "job_id": self.job.pk,
            "pk": self.job.pk,
            "clip_id": self.clip.pk,
            "slug": self.track.collection.slug,
            "track_no": self.track.track_no,
            "round_id": self.round.pk,
            "campaign_id": self.campaign.pk,
            "question_id": self.question.pk,
            "name": self.release.name,
            "version": self.release.version,
        }
        return {name: value for name, value in known.items() if f":{name}>" in route}

    def address(self, route: str) -> str:
        """Return a route with the objects' values in it."""
        for name, value in self.arguments(route).items():
            for kind in ("uuid", "slug", "int", "str"):
                route = route.replace(f"<{kind}:{name}>", str(value))
        return f"/{route}"


def report(person: Any, target: Any) -> dict[str, Any]:
    """Return what a consensus run stores of one person's answers about one class."""
    unknown = {"value": None, "low": None, "high": None, "note": "too few answers", "number": 0}
    labels = {"present": 1, "absent": 0, "undecided": 1}
    return {
        "version": 1,
        "ratings": 2,
        "ratings_simulated": 0,
        "raters": 1,
        "raters_simulated": 0,
        "labels": labels,
        "alpha": unknown,
        "posteriors": [1] + [0] * 18 + [1],
        "methods_agree": None,
        "consensus": {"iterations": 3, "converged": True, "log_likelihood": -1.0, "shortage": ""},
        "classes": [
            {
                "name": target.name,
                "display_name": target.display_name,
                **{"questions": 2, "open": 1, "decided": 1, "disputed": 0, "rated": 2},
                **{"ratings": 2, "yes": 1, "no": 0, "unsure": 1},
                **{"labels": labels, "alpha": unknown, "agreement": unknown},
            }
        ],
        "people": [
            {
                "person": str(person.pk),
                "rater": "0123456789abcdef",
                "is_simulated": False,
                **{"ratings": 2, "trust": 0.8, "sensitivity": 0.9, "specificity": 0.7},
                **{"unsure": 1, "unsure_share": 0.5, "agreement": unknown},
                "median_response_ms": 2500,
            }
        ],
    }


def make_world() -> World:
    """Make everything, with the files that are sent."""
    drawn = factories.drawn_round(clips=2)
    collection = drawn.score_set.collection
    candidate = drawn.candidates.first()
    clip = candidate.clip
    for name in (clip.audio_name, clip.spectrogram_name):
        default_storage.save(name, ContentFile(b"content"))
    campaign = factories.CampaignFactory(collection=collection)
    campaign.rounds.add(drawn)
    question = factories.QuestionFactory(campaign=campaign, clip=clip, target=candidate.target)
    # A clip of the release is everybody's; the one above is not in it.
    release = factories.ReleaseFactory(collection=collection)
    factories.ReleaseClipFactory(release=release)
    Path(release.archive).write_bytes(b"a tar file")
    return World(
        job=factories.JobFactory(),
        track=clip.track,
        clip=clip,
        round=drawn,
        campaign=campaign,
        question=question,
        release=release,
        run=factories.ConsensusRunFactory(
            campaign=campaign,
            parameters={"present_from": 0.8, "absent_to": 0.2, "code": "0.1.0"},
            report=report(factories.annotator(), candidate.target),
        ),
    )
