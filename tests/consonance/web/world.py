"""An object behind every address: what a role meets when it asks for it. Not a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotation.actions.open_study import open_study
from annotation.models import Participant
from annotation.people.studies import signed
from consonance.people.actions.create_invitation import create_invitation
from consonance.people.models import Scope
from tests import factories
from tests.annotation.person_reports import person_report
from tests.annotation.reporting_data import live_report, report_data
from tests.candidates.search.rows import finished_search


@dataclass(frozen=True)
class World:
    """One job, collection, track, clip, round, campaign, question, run, person and release."""

    job: Any
    track: Any
    clip: Any
    round: Any
    search: Any
    campaign: Any
    question: Any
    release: Any
    run: Any
    person: Any
    measure: Any
    gold: Any
    adjudication: Any
    rater: str
    taxonomy: Any
    invitation: Any
    token: str
    study: Any
    rating: Any
    trial: Any
    participant: Any
    pair: Any

    def arguments(self, route: str) -> dict[str, Any]:
        """Return what a route's converters are called, and the object's value for each."""
        known = {
            "job_id": self.job.pk,
            "pk": self.job.pk,
            "clip_id": self.clip.pk,
            "slug": self.track.collection.slug,
            "track_no": self.track.track_no,
            "round_id": self.round.pk,
            "search_id": self.search.pk,
            "detector_id": self.round.score_set.detector_id,
            "score_set_id": self.round.score_set_id,
            "start_ms": 1,  # off the grid: nothing is cut for a table of addresses
            "campaign_id": self.campaign.pk,
            "question_id": self.question.pk,
            "number": self.trial.number if "configurations" in route else self.run.number,
            "class_name": self.question.target.name,
            "taxonomy_id": self.taxonomy.pk,
            "entry_name": "harp",
            "person_id": self.person.pk,
            "measure_id": self.measure.pk,
            "gold_id": self.gold.pk,
            "adjudication_id": self.adjudication.pk,
            "invitation_id": self.invitation.pk,
            "token": self.token,
            "study_id": self.study.pk,
            # Who comes stands behind the question mark; the route ends with a slash.
            "link": f"{signed(self.study)}/?person=p1&via=",
            "rating_id": self.rating.pk,
            "participant_id": self.participant.pk,
            "rater": self.rater,
            "place": 1,
            "scan_id": self.pair.scan_id,
            "pair_id": self.pair.pk,
            "name": self.release.name,
            "version": self.release.version,
            "key": self.release.clips.get().sample_key,
            "path": "README.md",
        }
        return {name: value for name, value in known.items() if f":{name}>" in route}

    def address(self, route: str) -> str:
        """Return a route with the objects' values in it."""
        for name, value in self.arguments(route).items():
            for kind in ("uuid", "slug", "int", "str", "path"):
                route = route.replace(f"<{kind}:{name}>", str(value))
        return f"/{route}"


def make_world() -> World:
    """Make everything, with the files that are sent."""
    drawn = factories.drawn_round(clips=2)
    collection = drawn.score_set.collection
    candidate = drawn.candidates.first()
    clip = candidate.clip
    for name in (clip.audio_name, clip.spectrogram_name):
        default_storage.save(name, ContentFile(b"content"))
    campaign = factories.CampaignFactory(collection=collection, joining="anybody")
    campaign.rounds.add(drawn)
    question = factories.QuestionFactory(campaign=campaign, clip=clip, target=candidate.target)
    # A clip of the release is everybody's; the one above is not in it.
    release = factories.ReleaseFactory(collection=collection)
    released = factories.ReleaseClipFactory(release=release)
    factories.put_on_disk(release)
    factories.LabelReportFactory(release_clip=released)
    person = factories.annotator()
    report = live_report(campaign, report_data(classes=(candidate.target.name,)))
    invitation, token = create_invitation(
        scope=Scope.CAMPAIGN, scope_id=campaign.pk, actor=None, max_uses=100
    )
    search = finished_search(score_set=drawn.score_set)
    study = open_study(campaign=campaign, provider="other", name="S", ratings_wanted=1)
    return World(
        job=factories.JobFactory(),
        track=clip.track,
        clip=clip,
        round=drawn,
        search=search,
        trial=search.trials.order_by("-number").first(),
        campaign=campaign,
        question=question,
        release=release,
        run=factories.ConsensusRunFactory(
            campaign=campaign,
            parameters={"present_from": 0.8, "absent_to": 0.2, "code": "0.1.0"},
        ),
        person=person,
        measure=factories.MeasureFactory(campaign=campaign, person=person),
        gold=factories.GoldAnswerFactory(question=question),
        adjudication=factories.AdjudicationFactory(question=question),
        rater=person_report(report, person).rater,
        taxonomy=factories.draft_taxonomy(),
        invitation=invitation,
        token=token,
        study=study,
        rating=factories.RatingFactory(),
        pair=factories.DuplicatePairFactory(scan__collection=collection),
        participant=Participant.objects.create(
            study=study, person=factories.UserFactory(), external_id="worker"
        ),
    )
