"""Rows for tests, made with only what a test says about them.

campaign = CampaignFactory(min_ratings=2)
question = QuestionFactory(campaign=campaign)
ana = annotator()
"""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from annotation.models import (
    Adjudication,
    Assignment,
    Campaign,
    ClipFlag,
    ConsensusRun,
    GoldAnswer,
    GuidelineVersion,
    Measure,
    Question,
    Rating,
    SkillSnapshot,
)
from annotation.models.ratings import Answer
from candidates.models import Candidate, DetectorVersion, SamplingRound, ScoreSet
from consonance.catalog.models import (
    Clip,
    Collection,
    FrozenTableRow,
    Taxonomy,
    TaxonomyClass,
    Track,
    TrackState,
)
from consonance.jobs.models import Job
from consonance.people import consent
from consonance.people.models import Membership, Role, Scope, User
from splits.models import (
    DuplicatePair,
    DuplicateScan,
    LabelReport,
    Release,
    ReleaseClip,
    SplitPlan,
)

PASSWORD = "correct horse battery staple"


# --- people --------------------------------------------------------------------------------
@functools.cache
def hashed_password() -> str:
    """Return `PASSWORD` as it is stored; hashed once a run, because hashing is slow on purpose."""
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory):
    """A person without any role."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    password = factory.LazyFunction(hashed_password)
    consented_at = factory.LazyFunction(timezone.now)
    consent_version = consent.VERSION


class MembershipFactory(DjangoModelFactory):
    """A role, everywhere unless a place is given."""

    class Meta:
        model = Membership

    person = factory.SubFactory(UserFactory)
    role = Role.ANNOTATOR
    scope = Scope.SITE
    scope_id = None


def person_with(*roles: Role, place: Collection | Campaign | None = None, **fields: Any) -> User:
    """Make a person with roles, everywhere or in one collection or campaign."""
    user = UserFactory(**fields)
    scope, scope_id = Scope.SITE, None
    if place is not None:
        scope = Scope.COLLECTION if isinstance(place, Collection) else Scope.CAMPAIGN
        scope_id = place.pk
    for role in roles:
        MembershipFactory(person=user, role=role, scope=scope, scope_id=scope_id)
    return user


def annotator(**fields: Any) -> User:
    """Make an annotator."""
    return person_with(Role.ANNOTATOR, **fields)


def curator(**fields: Any) -> User:
    """Make a curator."""
    return person_with(Role.CURATOR, **fields)


def researcher(**fields: Any) -> User:
    """Make a researcher."""
    return person_with(Role.RESEARCHER, **fields)


def admin(**fields: Any) -> User:
    """Make an admin by membership, not a superuser."""
    return person_with(Role.ADMIN, **fields)


# --- catalogue -----------------------------------------------------------------------------
class CollectionFactory(DjangoModelFactory):
    """An archive; its folder need not exist."""

    class Meta:
        model = Collection

    slug = factory.Sequence(lambda n: f"collection-{n}")
    name = factory.Sequence(lambda n: f"Collection {n}")
    root = "/nowhere"


class TrackFactory(DjangoModelFactory):
    """A recording that passed inspection."""

    class Meta:
        model = Track

    collection = factory.SubFactory(CollectionFactory)
    track_no = factory.Sequence(lambda n: n + 1)
    path = factory.LazyAttribute(lambda track: f"{track.track_no:06d}.wav")
    state = TrackState.READY
    duration_ms = 30_000
    sample_rate = 44_100
    channels = 2
    title = factory.LazyAttribute(lambda track: f"Piece {track.track_no}")
    artist = factory.LazyAttribute(lambda track: f"Artist {track.track_no % 15}")
    artist_key = factory.LazyAttribute(lambda track: f"artist-{track.track_no % 15}")
    licence_title = "Attribution 4.0"
    licence_spdx = "CC-BY-4.0"


class ClipFactory(DjangoModelFactory):
    """A clip's row; no file is written."""

    class Meta:
        model = Clip

    track = factory.SubFactory(TrackFactory)
    start_ms = 0
    duration_ms = 10_000
    sample_rate = 44_100
    channels = 2
    audio_sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    pcm_sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    audio_bytes = 120_000
    peaks = factory.LazyFunction(lambda: [[-64, 64], [-32, 32], [-8, 8], [-100, 100]])


class TaxonomyFactory(DjangoModelFactory):
    """A list of classes, empty at first."""

    class Meta:
        model = Taxonomy

    name = factory.Sequence(lambda n: f"taxonomy-{n}")
    version = "1"
    licence = "CC0-1.0"


class ClassFactory(DjangoModelFactory):
    """One class."""

    class Meta:
        model = TaxonomyClass

    taxonomy = factory.SubFactory(TaxonomyFactory)
    position = factory.Sequence(lambda n: n)
    name = factory.Sequence(lambda n: f"banjo-{n}")
    display_name = "banjo"
    article = "a"


def draft_taxonomy(**fields: Any) -> Taxonomy:
    """Make a draft with one class, `harp`, that AudioSet has a label for."""
    row: Taxonomy = TaxonomyFactory(is_published=False, **fields)
    ClassFactory(
        taxonomy=row, position=0, name="harp", display_name="Harp", audioset_mids=["/m/03m5k"],
        definition="Strings across a frame, plucked with both hands.",
    )  # fmt: skip
    return row


class FrozenTableRowFactory(DjangoModelFactory):
    """A row about a table; no file is written."""

    class Meta:
        model = FrozenTableRow

    kind = "labels"
    sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    rows = 0
    collection = factory.SubFactory(CollectionFactory)


# --- candidates ----------------------------------------------------------------------------
class DetectorVersionFactory(DjangoModelFactory):
    """A detector."""

    class Meta:
        model = DetectorVersion

    name = "default"
    version = factory.Sequence(lambda n: f"{n:012x}")
    taxonomy = factory.SubFactory(TaxonomyFactory)


class ScoreSetFactory(DjangoModelFactory):
    """A complete set of scores; no shard is written."""

    class Meta:
        model = ScoreSet

    collection = factory.SubFactory(CollectionFactory)
    detector = factory.SubFactory(DetectorVersionFactory)
    window_ms = 10_000
    hop_ms = 3_840
    is_complete = True


class SamplingRoundFactory(DjangoModelFactory):
    """A drawn round, without candidates."""

    class Meta:
        model = SamplingRound

    score_set = factory.SubFactory(ScoreSetFactory)
    number = factory.Sequence(lambda n: n + 1)
    recipe = factory.LazyFunction(lambda: {"seed": 1})
    state = SamplingRound.State.DRAWN


class CandidateFactory(DjangoModelFactory):
    """A clip × class that a round drew; clip and class fit the round."""

    class Meta:
        model = Candidate

    round = factory.SubFactory(SamplingRoundFactory)
    clip = factory.LazyAttribute(
        lambda row: ClipFactory(track__collection=row.round.score_set.collection)
    )
    target = factory.LazyAttribute(
        lambda row: ClassFactory(taxonomy=row.round.score_set.detector.taxonomy)
    )
    tail = Candidate.Tail.HIGH
    likelihood = 0.9
    quantile = 0.95


def drawn_round(*, clips: int, classes: int = 1, **fields: Any) -> SamplingRound:
    """Make a round that drew every one of `clips` clips for each of `classes` classes."""
    made = SamplingRoundFactory(**fields)
    score_set = made.score_set
    targets = [ClassFactory(taxonomy=score_set.detector.taxonomy) for _ in range(classes)]
    for _ in range(clips):
        clip = ClipFactory(track__collection=score_set.collection)
        for target in targets:
            CandidateFactory(round=made, clip=clip, target=target)
    return made


# --- annotation ----------------------------------------------------------------------------
class CampaignFactory(DjangoModelFactory):
    """An open campaign without questions."""

    class Meta:
        model = Campaign

    collection = factory.SubFactory(CollectionFactory)
    name = factory.Sequence(lambda n: f"Campaign {n}")
    min_ratings = 3
    max_ratings = 5
    stop_posterior = 0.95
    # Gold is set in many tests, and few are about the quiz that would come before it.
    requires_quiz = False


class GuidelineFactory(DjangoModelFactory):
    """What to listen for."""

    class Meta:
        model = GuidelineVersion

    campaign = factory.SubFactory(CampaignFactory)
    target = factory.SubFactory(ClassFactory)
    version = 1
    text = "Say yes when you hear it at any moment of the clip."


def class_in_turn(row: Any) -> TaxonomyClass:
    """Return the campaign's class, so that its questions are about one unless a test says more."""
    asked = TaxonomyClass.objects.filter(pk__in=row.campaign.guidelines.values("target"))
    first = asked.order_by("position").first()
    if (
        first is None
        or Question.objects.filter(campaign=row.campaign, clip=row.clip, target=first).exists()
    ):
        return ClassFactory()
    return first


class QuestionFactory(DjangoModelFactory):
    """An open question about a clip, with its class's guideline."""

    class Meta:
        model = Question
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    clip = factory.LazyAttribute(lambda row: ClipFactory(track__collection=row.campaign.collection))
    target = factory.LazyAttribute(class_in_turn)
    wanted = factory.LazyAttribute(lambda row: row.campaign.min_ratings)
    free = factory.LazyAttribute(lambda row: row.wanted)
    priority = factory.Sequence(lambda n: n)

    @factory.post_generation
    def guideline(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Add version 1 of the class's guideline unless `guideline=False`."""
        if create and extracted is not False:
            GuidelineVersion.objects.get_or_create(
                campaign=self.campaign,
                target=self.target,
                version=1,
                defaults={"text": "Say yes when you hear it at any moment of the clip."},
            )


class AssignmentFactory(DjangoModelFactory):
    """A question in somebody's hands (the question's counters are left as they are)."""

    class Meta:
        model = Assignment

    question = factory.SubFactory(QuestionFactory)
    person = factory.SubFactory(UserFactory)
    leased_at = factory.LazyFunction(timezone.now)
    lease_until = factory.LazyAttribute(lambda row: row.leased_at + timedelta(minutes=10))


class RatingFactory(DjangoModelFactory):
    """An answer (the question's counters are left as they are)."""

    class Meta:
        model = Rating

    key = factory.LazyFunction(uuid.uuid4)
    question = factory.SubFactory(QuestionFactory)
    campaign = factory.LazyAttribute(lambda row: row.question.campaign)
    person = factory.SubFactory(UserFactory)
    occasion = 0
    assignment = factory.LazyAttribute(
        lambda row: AssignmentFactory(
            question=row.question,
            person=row.person,
            occasion=row.occasion,
            state=Assignment.State.ANSWERED,
        )
    )
    answer = Answer.YES
    response_ms = 2_500
    heard_ms = 6_000


class GoldAnswerFactory(DjangoModelFactory):
    """What somebody knows of a clip and a class; `question=` takes both from a question."""

    class Meta:
        model = GoldAnswer

    class Params:
        question = None

    clip = factory.LazyAttribute(lambda row: row.question.clip if row.question else ClipFactory())
    target = factory.LazyAttribute(
        lambda row: row.question.target if row.question else ClassFactory()
    )
    collection = factory.LazyAttribute(lambda row: row.clip.track.collection)
    truth = GoldAnswer.Truth.PRESENT
    created_by = factory.SubFactory(UserFactory)


class AdjudicationFactory(DjangoModelFactory):
    """A curator's decision (the question's state is left as it is)."""

    class Meta:
        model = Adjudication

    question = factory.SubFactory(QuestionFactory)
    decision = Adjudication.Decision.PRESENT
    decided_by = factory.SubFactory(UserFactory)


class ClipFlagFactory(DjangoModelFactory):
    """A report about a question's clip."""

    class Meta:
        model = ClipFlag

    question = factory.SubFactory(QuestionFactory)
    clip = factory.SelfAttribute("question.clip")
    person = factory.SubFactory(UserFactory)
    kind = ClipFlag.Kind.SILENCE


class MeasureFactory(DjangoModelFactory):
    """Something that holds for a person in a campaign."""

    class Meta:
        model = Measure

    campaign = factory.SubFactory(CampaignFactory)
    person = factory.SubFactory(UserFactory)
    kind = Measure.Kind.PAUSE
    reason = "Many answers came faster than hearing allows."


class ConsensusRunFactory(DjangoModelFactory):
    """A run whose tables are rows only."""

    class Meta:
        model = ConsensusRun

    campaign = factory.SubFactory(CampaignFactory)
    number = factory.Sequence(lambda n: n + 1)
    method = "dawid_skene"
    ratings = factory.SubFactory(FrozenTableRowFactory, kind="ratings")
    labels = factory.SubFactory(FrozenTableRowFactory, kind="labels")
    skills = factory.SubFactory(FrozenTableRowFactory, kind="skills")


class SkillSnapshotFactory(DjangoModelFactory):
    """How far a person is believed."""

    class Meta:
        model = SkillSnapshot

    run = factory.SubFactory(ConsensusRunFactory)
    person = factory.SubFactory(UserFactory)
    target = None
    support = 20
    trust = 0.8
    weight_yes = 1.5
    weight_no = -1.5
    weight_unsure = 0.0


# --- jobs ----------------------------------------------------------------------------------
class JobFactory(DjangoModelFactory):
    """A queued job of no particular kind; nothing is sent to a worker."""

    class Meta:
        model = Job

    kind = "test.nothing"
    title = "Nothing"


# --- splits --------------------------------------------------------------------------------
class SplitPlanFactory(DjangoModelFactory):
    """A division of clips; its tables are rows only."""

    class Meta:
        model = SplitPlan

    collection = factory.SubFactory(CollectionFactory)
    recipe = factory.LazyFunction(lambda: {"seed": 0})
    groups = factory.SubFactory(
        FrozenTableRowFactory, kind="groups", collection=factory.SelfAttribute("..collection")
    )
    assignment = factory.SubFactory(
        FrozenTableRowFactory, kind="splits", collection=factory.SelfAttribute("..collection")
    )
    quality = factory.LazyFunction(lambda: {"max_positive_share_error": 0.02, "divided_groups": []})


class DuplicateScanFactory(DjangoModelFactory):
    """A search for duplicates in a collection, with the facts that pages show."""

    class Meta:
        model = DuplicateScan

    collection = factory.SubFactory(CollectionFactory)
    clips = 4
    facts = factory.LazyFunction(
        lambda: {
            "pairs": 2, "verified": 1, "cut": 0, "threshold": 0.62, "thresholds": {},
            "expected_false_edges": 0.1, "recall": 1.0, "is_exact": True, "compared": 6,
            "aligned": 6, "too_short": 0, "largest_group": 2, "unread": {},
            "impostors": {"agreement": 1000, "peak": 1000, "similarity": 1000},
            "curve": {
                "threshold": [0.52, 0.6, 0.7, 0.8, 0.9, 1.0],
                "expected_false_edges": [0.6, 0.08, 5e-4, 3e-6, 2e-8, 1e-10],
                "edges": [3, 2, 2, 1, 1, 0],
                "largest_group": [3, 2, 2, 2, 2, 1],
            },
            "settings": {"same_sound": 0.75},
        }
    )  # fmt: skip


class DuplicatePairFactory(DjangoModelFactory):
    """Two clips of a scan's collection that are alike, not beyond doubt."""

    class Meta:
        model = DuplicatePair

    scan = factory.SubFactory(DuplicateScanFactory)
    first = factory.SubFactory(
        ClipFactory, track__collection=factory.SelfAttribute("...scan.collection")
    )
    second = factory.SubFactory(
        ClipFactory, track__collection=factory.SelfAttribute("...scan.collection")
    )
    kind = "near"
    score = 0.7
    lag_s = 0.5
    overlap = 0.95

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **fields: Any) -> Any:
        """Store the two in the order in which pairs are stored."""
        if str(fields["first"].pk) > str(fields["second"].pk):
            fields["first"], fields["second"] = fields["second"], fields["first"]
        return super()._create(model_class, *args, **fields)


class ReleaseFactory(DjangoModelFactory):
    """A published release's row; no folder, no archive and no clips."""

    class Meta:
        model = Release

    collection = factory.SubFactory(CollectionFactory)
    name = factory.Sequence(lambda n: f"release-{n}")
    version = "1.0.0"
    title = factory.Sequence(lambda n: f"Release {n}")
    labels = factory.SubFactory(
        FrozenTableRowFactory, collection=factory.SelfAttribute("..collection")
    )
    plan = factory.SubFactory(SplitPlanFactory, collection=factory.SelfAttribute("..collection"))
    manifest_sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    archive_sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    manifest = factory.LazyAttribute(
        lambda row: {
            "name": row.name,
            "version": row.version,
            "contract": {"min_positives": 1, "min_labels": 2},
        }
    )
    figures = factory.LazyFunction(
        lambda: {
            "clips": 3,
            "artists": 3,
            "partitions": {"test": 1, "train": 1, "validation": 1},
            "licences": {"CC-BY-4.0": 3},
            "classes": {
                "banjo": {
                    "present": 2,
                    "absent": 1,
                    "by_partition": {"test": [1, 0], "train": [1, 0], "validation": [0, 1]},
                }
            },
        }
    )
    verification = factory.LazyFunction(lambda: {"ok": True, "problems": []})


class ReleaseClipFactory(DjangoModelFactory):
    """A clip's line on a release's page."""

    class Meta:
        model = ReleaseClip

    release = factory.SubFactory(ReleaseFactory)
    clip = factory.SubFactory(
        ClipFactory, track__collection=factory.SelfAttribute("...release.collection")
    )
    sample_key = factory.LazyAttribute(lambda row: row.clip.sample_key)
    partition = "train"
    present = factory.LazyFunction(lambda: ["banjo"])
    absent = factory.LazyFunction(list)


class LabelReportFactory(DjangoModelFactory):
    """A stranger's word that a published banjo is not there."""

    class Meta:
        model = LabelReport

    release_clip = factory.SubFactory(ReleaseClipFactory)
    release = factory.SelfAttribute("release_clip.release")
    class_name = "banjo"
    published = "present"
    says = LabelReport.Says.ABSENT
    note = "It is a guitar."


def put_on_disk(release: Release, files: dict[str, bytes] | None = None) -> Release:
    """Write a release's folder: these files, and the manifest that lists them."""
    files = {"README.md": b"# A release\n", "clips.csv": b"sample_key\n", **(files or {})}
    release.manifest = {
        **release.manifest,
        "format": "consonance-release/1",
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
        },
    }
    manifest = json.dumps(release.manifest).encode()
    release.manifest_sha256 = hashlib.sha256(manifest).hexdigest()
    release.save()
    line = f"{release.manifest_sha256}  manifest.json\n".encode()
    for name, content in {
        **files, "manifest.json": manifest, "manifest.json.sha256": line,
    }.items():  # fmt: skip
        path = release.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return release
