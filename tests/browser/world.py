"""Fills a fresh installation with one object for every page, sound included. Not a test.

Run as a program beside the tests, because a browser needs a server of its own:
`python -m tests.browser.world world FOLDER` prints where everything is as JSON.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

RATE = 44_100
CLIP_MS = 10_000
#: Campaigns that answers are given in, each by the person of its name.
CAMPAIGNS = (
    "keyboard", "touch", "plain", "offline", "pages", "quiz", "plain_quiz", "killed", "restart",
    "expired", "refused", "pressed", "passes", "passing", "sure", "plain_passes", "welcome",
    "plain_welcome", "first_quiz", "desktop", "phone",
)  # fmt: skip
#: Those that ask about each clip's two classes together.
PASSES = ("passes", "plain_passes", "desktop", "phone")
#: Those whose people have not read the instructions, and need headphones.
NEWCOMERS = ("welcome", "plain_welcome", "desktop", "phone")
#: Those that ask the quiz before the first clip, as campaigns do that nobody changed.
QUIZZED = ("first_quiz", "desktop", "phone")
ROLES = ("annotator", "curator", "researcher", "admin")
MIN_HEARD_MS = 700
#: An address of the served world that a test asks before it begins.
FORGET = "/forget-what-you-remember"
#: Clips of the world in which the rating page's speed is measured.
MANY = 30


@dataclass(frozen=True)
class Places:
    """What addresses are made of."""

    password: str
    campaigns: dict[str, str]
    arguments: dict[str, dict[str, Any]]
    running_job: str
    #: What follows an address, where a page needs it.
    queries: dict[str, str] = field(default_factory=dict)


def tone(place: int, *, seconds: float = 12.0) -> np.ndarray:
    """Return a chord with a slow tremolo, stereo (n_frames, 2), another for each place."""
    time = np.arange(round(seconds * RATE)) / RATE
    # Higher up the encoders leave little of it, and cutting refuses what they make of it.
    pitch = 110.0 * 2 ** (place % 9 * 5 / 12)
    chord = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3, 5))
    left = 0.15 * chord * (1 + 0.5 * np.sin(2 * np.pi * (1 + place) * time))
    return np.stack([left, 0.8 * left], axis=1).astype(np.float32)


def write_tones(root: Path, count: int) -> list[str]:
    """Write recordings and return their names."""
    import soundfile as sf

    root.mkdir(parents=True, exist_ok=True)
    names = [f"{place + 1:06d}.wav" for place in range(count)]
    for place, name in enumerate(names):
        sf.write(root / name, tone(place), RATE, subtype="PCM_16")
    return names


def make_scores(score_set: Any, tracks: list[Any]) -> None:
    """Score the recordings' excerpts and 400 of recordings that are not there, and map them."""
    from candidates.actions.map_embeddings import picks_of
    from candidates.scoring.embedding_map import make_map, write_map, write_picks
    from candidates.scoring.excerpts import source_of
    from candidates.scoring.histograms import fine_histograms
    from candidates.scoring.shards import TrackScores, digest, write_shard

    chance = np.random.default_rng(5)
    numbers = [track.track_no for track in tracks] + list(range(1000, 1400))
    scored = [
        TrackScores(
            track_no=number,
            start_ms=np.array([0]),
            likelihood=1 / (1 + np.exp(-chance.normal([-3, -1], 2, (1, 2)).astype(np.float32))),
            embedding=chance.normal(0, [3, 1, 1, 1], (1, 4)).astype(np.float32),
        )
        for number in numbers
    ]
    names = ("banjo", "cello")
    write_shard(
        score_set.folder / "shard-00000.parquet", scored, classes=names, embedding_dim=4, recipe={}
    )
    score_set.figures = fine_histograms(source_of(score_set.folder, names).counts, names)
    score_set.excerpts = score_set.tracks = len(numbers)
    score_set.sha256 = digest(score_set.folder)
    score_set.save()
    write_map(score_set.folder, make_map(score_set.folder, scores=score_set.sha256))
    for drawn in score_set.rounds.all():
        write_picks(score_set.folder, str(drawn.pk), picks_of(drawn))


def make_release(collection: Any, clips: list[Any]) -> Any:
    """Publish a release with two clips and an archive that can be downloaded."""
    from tests import factories

    release = factories.ReleaseFactory(collection=collection, archive_bytes=0)
    for place, clip in enumerate(clips):
        factories.ReleaseClipFactory(
            release=release, clip=clip, sample_key=clip.sample_key,
            partition=("train", "test")[place % 2], present=["banjo"], absent=[],
        )  # fmt: skip
    factories.put_on_disk(release)
    row = release.clips.first()
    for state, reply in (("open", ""), ("accepted", "You are right."), ("rejected", "A banjo.")):
        factories.LabelReportFactory(release_clip=row, state=state, reply=reply)
    return release


def make_scan(clips: list[Any]) -> Any:
    """Make a search for duplicates with a pair for each two neighbours among the clips."""
    from tests import factories

    collection = clips[0].track.collection
    scan = factories.DuplicateScanFactory(collection=collection, clips=len(clips))
    for place, (first, second) in enumerate(itertools.pairwise(clips)):
        factories.DuplicatePairFactory(
            scan=scan, first=first, second=second, score=0.7 - 0.01 * place, lag_s=0.5
        )
    return scan


def make_jobs(person: Any) -> dict[str, Any]:
    """Make a job in each state that a page shows differently."""
    from django.utils import timezone

    from consonance.jobs.models import JobEvent
    from tests import factories

    now = timezone.now()
    kind = "candidates.score"
    past = {"started_at": now - timedelta(minutes=3), "created_by": person}
    running = factories.JobFactory(
        kind=kind, title="Score Tones", state="running", progress_done=40, progress_total=200,
        progress_unit="recordings", lease_until=now + timedelta(hours=2), **past,
    )  # fmt: skip
    failed = factories.JobFactory(
        kind=kind, title="Score silence", state="failed", error="The scores folder is full.",
        progress_done=3, progress_total=9, finished_at=now - timedelta(minutes=1), **past,
    )  # fmt: skip
    done = factories.JobFactory(
        kind=kind, title="Score chords", state="done", message="Scored 3 recordings.",
        progress_done=3, progress_total=3, finished_at=now, disk_bytes=120_000, **past,
    )  # fmt: skip
    JobEvent.objects.create(job=done, text="Began.")
    return {"running": running, "failed": failed, "done": done}


def make_searches(score_set: Any, job: Any) -> dict[str, dict[str, Any]]:
    """Make a search that is done, one that goes on, and a detector made of the first."""
    from tests.candidates.search import rows

    detector = rows.trained_detector(taxonomy=score_set.detector.taxonomy)
    done = rows.finished_search(score_set=score_set, detector=detector)
    running = rows.make_search(score_set=score_set, name="A search that goes on")
    rows.add_trials(running, numbers=(0, 1, 2))
    rows.add_trials(running, numbers=(3,), state="running")
    rows.add_trials(running, numbers=(4,), state="waiting")
    running.jobs.add(job)
    return {
        "detectors:detector": {"detector_id": str(detector.pk)},
        "detectors:search": {"search_id": str(done.pk)},
        "detectors:search running": {"search_id": str(running.pk)},
        "detectors:configuration": {"search_id": str(done.pk), "number": 8},
    }


def make_people() -> dict[str, Any]:
    """Make a person of each role, named after it."""
    from consonance.people.models import Role
    from tests import factories

    return {
        role: factories.person_with(Role(role), username=role, is_staff=role == "admin")
        for role in ROLES
    }


def make_report(campaign: Any, people: dict[str, Any]) -> None:
    """Store a report and a run's about a campaign, with measures and messages."""
    from annotation.actions.send_message import send_message
    from annotation.models import GuidelineVersion
    from tests import factories
    from tests.annotation import person_reports as reports
    from tests.annotation.reporting_data import live_report, report_data

    classes = GuidelineVersion.objects.filter(campaign=campaign).values_list("target__name")
    data = report_data(classes=[name for (name,) in classes])
    run = factories.ConsensusRunFactory(
        campaign=campaign,
        number=1,
        parameters={"present_from": 0.8, "absent_to": 0.2, "code": "0.1.0"},
    )
    live_report(campaign, data, run=run)
    report = live_report(campaign, data)
    rows = [
        reports.person_report(report, people[name], detail=make())
        for name, make in (
            ("annotator", reports.careful), ("keyboard", reports.spammer),
            ("touch", reports.spammer), ("plain", reports.newcomer),
        )
    ]  # fmt: skip
    reports.add_pairs(report, [reports.pair(*rows[1:3])], [reports.cluster(*rows[1:3])])
    # On the annotator's rating page this changes nothing but a line above it.
    factories.MeasureFactory(campaign=campaign, person=people["annotator"], kind="exclude")
    factories.MeasureFactory(campaign=campaign, person=people["touch"], kind="pause")
    text = "Many of your answers came within half a second.\n\nWas your sound on?"
    ana = people["annotator"]
    send_message(campaign=campaign, sender=people["admin"], recipient=ana, text=text)
    send_message(campaign=campaign, sender=ana, text="No. I am sorry!")


def make_runs(campaign: Any, people: list[Any]) -> None:
    """Let people answer and aggregate twice, so that there are two runs with labels to compare."""
    from annotation.actions.aggregate_ratings import aggregate_ratings
    from annotation.aggregation.settings import RunSettings
    from tests import factories

    for question in campaign.questions.all():
        for place, person in enumerate(people):
            answer = "no" if place == 0 else "yes"
            factories.RatingFactory(question=question, person=person, answer=answer)
    for method in ("dawid_skene", "majority"):
        aggregate_ratings(campaign=campaign, settings=RunSettings(method=method))


def make_taxonomies(person: Any) -> tuple[Any, Any]:
    """Publish a taxonomy of seven classes and begin its next version, which differs."""
    from consonance.catalog.actions.draft_taxonomy import draft_next_version
    from consonance.catalog.actions.edit_taxonomy import remove_class, write_class
    from consonance.catalog.actions.import_taxonomy import import_taxonomy
    from consonance.taxonomies.definition import ClassDefinition
    from consonance.taxonomies.file import read_file

    path = Path(__file__).resolve().parents[1] / "data" / "taxonomies" / "sounding7.json"
    first, _ = import_taxonomy(definition=read_file(path), publish=True, actor=person)
    second = draft_next_version(taxonomy_id=first.pk, version="2", actor=person)
    harp = ClassDefinition("harp", "Harp", "a", ("/m/03m5k",), (), "A frame of strings.", "plucked")
    keyboard = ClassDefinition("keyboard", "Keyboard", "a", ("/m/05148p4",), (), "Keys.")
    write_class(taxonomy_id=second.pk, entry=harp, actor=person)
    write_class(taxonomy_id=second.pk, entry=keyboard, instead_of="keys", actor=person)
    remove_class(taxonomy_id=second.pk, name="kit", actor=person)
    return first, second


def make_listening(root: Path) -> Places:
    """Make one campaign of many clips: for measuring how fast the next one sounds."""
    from django.utils import timezone

    from annotation.models import Workload
    from consonance.catalog.actions.cut_clips import cut_clips
    from tests import factories

    collection = factories.CollectionFactory(slug="tones", name="Tones", root=str(root))
    tracks = [
        factories.TrackFactory(
            collection=collection, track_no=place + 1, path=name, duration_ms=12_000
        )
        for place, name in enumerate(write_tones(root, MANY))
    ]
    cut = cut_clips(excerpts=[(track, 0) for track in tracks], duration_ms=CLIP_MS, processes=1)
    if cut.failures:
        raise SystemExit(f"The clips could not be cut: {cut.failures}")
    campaign = factories.CampaignFactory(
        collection=collection, name="By listener", min_heard_ms=MIN_HEARD_MS, repeat_share=0
    )
    banjo = factories.ClassFactory(name="banjo")
    for clip in cut.clips.values():
        factories.QuestionFactory(campaign=campaign, clip=clip, target=banjo)
    person = factories.annotator(username="listener")
    Workload.objects.create(campaign=campaign, person=person, welcomed_at=timezone.now())
    return Places(
        password=factories.PASSWORD,
        campaigns={"listener": str(campaign.pk)},
        arguments={},
        running_job="",
    )


def make_bare(_: Path) -> Places:
    """Make nothing but people."""
    from tests import factories

    make_people()
    return Places(password=factories.PASSWORD, campaigns={}, arguments={}, running_job="")


def make_curating(drawn: Any, clips: list[Any], people: dict[str, Any]) -> Any:
    """Make a campaign in which disputes, reports, gold and proposals wait for a curator."""
    from django.utils import timezone

    from annotation.actions.plant_gold import plant_gold
    from tests import factories
    from tests.annotation.frozen_runs import label, make_run

    campaign = factories.CampaignFactory(
        collection=drawn.score_set.collection, name="For curators", max_ratings=5
    )
    campaign.rounds.add(drawn)
    banjo = drawn.candidates.first().target
    flute = factories.ClassFactory(
        taxonomy=banjo.taxonomy, name="flute", display_name="flute", position=99
    )
    # People of their own: tests count the answers of those who rate in them.
    crowd = [factories.annotator(username=f"listener-{number}") for number in range(1, 6)]
    now = timezone.now()
    rows = []
    for place, clip in enumerate(clips):
        said = ("yes", "no", "yes", "unsure", "no")
        disputed = factories.QuestionFactory(
            campaign=campaign, clip=clip, target=banjo, state="disputed", stop_reason="maximum",
            stopped_at=now - timedelta(hours=place + 1), answered=5, wanted=5, free=0,
        )  # fmt: skip
        agreed = factories.QuestionFactory(
            campaign=campaign, clip=clip, target=flute, state="decided", stop_reason="posterior",
            stopped_at=now, answered=5, wanted=5, free=0,
        )  # fmt: skip
        alike = ("yes", "no")[place % 2]
        for person, answer in zip(crowd, said, strict=True):
            weight = {"yes": 1.4, "no": -1.6, "unsure": 0.0}[answer]
            factories.RatingFactory(question=disputed, person=person, answer=answer, weight=weight)
            factories.RatingFactory(question=agreed, person=person, answer=alike)
        yes = 5 if alike == "yes" else 0
        posterior = 0.998 if yes else 0.002
        rows.append(label(clip, "flute", n_yes=yes, n_no=5 - yes, posterior_crowd=posterior))
    run = make_run(campaign, labels=rows)
    for place, person in enumerate(crowd):
        factories.SkillSnapshotFactory(run=run, person=person, trust=0.6 + 0.08 * place)
    for person, kind in ((crowd[0], "silence"), (crowd[1], "corrupt")):
        factories.ClipFlagFactory(
            question=disputed, person=person, kind=kind, note="Nothing after two seconds."
        )
    factories.GoldAnswerFactory(
        clip=clips[0], target=flute, truth="absent", created_by=people["curator"]
    )
    plant_gold(campaign=campaign)
    return campaign


def make_welcomed(campaigns: dict[str, Any], people: dict[str, Any]) -> None:
    """Let everybody have read the instructions but those who come for them."""
    from django.utils import timezone

    from annotation.models import Workload

    here = [(name, name) for name in campaigns if name not in NEWCOMERS]
    here += [("pages", role) for role in ROLES]
    for name, person in here:
        Workload.objects.create(
            campaign=campaigns[name], person=people[person], welcomed_at=timezone.now()
        )


def make_world(root: Path) -> Places:
    """Make the world and say where everything is."""
    from annotation.actions.open_study import open_study
    from annotation.models import Participant
    from annotation.people.studies import link_to_paste
    from consonance.catalog.actions.cut_clips import cut_clips
    from consonance.people.actions.create_invitation import create_invitation
    from consonance.people.models import Scope
    from tests import factories

    people = make_people()
    people |= {name: factories.annotator(username=name) for name in CAMPAIGNS}
    collection = factories.CollectionFactory(
        slug="tones", name="Tones", root=str(root), is_synthetic=True
    )
    tracks = [
        factories.TrackFactory(
            collection=collection, track_no=place + 1, path=name, duration_ms=12_000,
            title=f"Study {place + 1}",
        )
        for place, name in enumerate(write_tones(root, 5))
    ]  # fmt: skip
    broken = factories.TrackFactory(
        collection=collection, track_no=9, state="quarantined", title="Cut short",
        problems=[{"code": "wrong_duration", "detail": "Half of it is missing."}],
    )  # fmt: skip
    cut = cut_clips(excerpts=[(track, 0) for track in tracks], duration_ms=CLIP_MS, processes=1)
    if cut.failures:
        raise SystemExit(f"The clips could not be cut: {cut.failures}")
    *clips, unknown = [cut.clips[track.pk, 0] for track in tracks]
    figure = {
        "counts": [40, 20, 8, 4, 2, 1, 1, 0, 2, 1],
        "lines": [[0.1, 0.12], [0.9, 0.71]],
        "median": 0.2,
    }  # fmt: skip
    drawn = factories.SamplingRoundFactory(
        score_set__collection=collection,
        recipe={"seed": 1, "low": 0.1, "high": 0.9},
        figures={"banjo": figure},
        shortfall={"banjo": 1},
    )
    banjo = factories.ClassFactory(taxonomy=drawn.score_set.detector.taxonomy, name="banjo")
    cello = factories.ClassFactory(
        taxonomy=banjo.taxonomy, name="cello", display_name="Cello", article="a"
    )
    make_scores(drawn.score_set, tracks)
    for place, clip in enumerate(clips):
        tail = ("high", "low")[place % 2]
        factories.CandidateFactory(round=drawn, clip=clip, target=banjo, tail=tail)
    campaigns = {}
    for name in CAMPAIGNS:
        campaign = factories.CampaignFactory(
            collection=collection, name=f"By {name}", min_heard_ms=MIN_HEARD_MS,
            asks="clip" if name in PASSES else "class", asks_confidence=name == "sure",
            checks_headphones=name in NEWCOMERS, requires_quiz=name in QUIZZED,
        )  # fmt: skip
        campaign.rounds.add(drawn)
        # Where the quiz tells of the others, one is left to ask about.
        for clip in [unknown, *clips] if name in QUIZZED else clips:
            question = factories.QuestionFactory(campaign=campaign, clip=clip, target=banjo)
            if name in (*PASSES, "pressed"):  # where a class can be chosen
                factories.QuestionFactory(campaign=campaign, clip=clip, target=cello)
        campaigns[name] = campaign
    make_welcomed(campaigns, people)
    factories.RatingFactory(question=question, person=people["researcher"])
    for place, clip in enumerate(clips):
        factories.GoldAnswerFactory(
            clip=clip, target=banjo, truth=("present", "absent")[place % 2], is_quiz=True,
            created_by=people["curator"], explanation="The tremolo gives it away.",
        )  # fmt: skip
    for name in ("quiz", "plain_quiz"):
        factories.MeasureFactory(
            campaign=campaigns[name], person=people[name], kind="requiz", reason="To be sure.",
        )  # fmt: skip
    first, second = make_taxonomies(people["curator"])
    make_report(campaigns["pages"], people)
    make_runs(campaigns["pages"], [factories.annotator() for _ in range(3)])
    curating = {"campaign_id": str(make_curating(drawn, clips, people).pk)}
    shown = campaigns["pages"]
    shown.joining = "anybody"
    shown.save()
    study = open_study(campaign=shown, provider="prolific", name="March", ratings_wanted=5)
    Participant.objects.create(study=study, person=people["annotator"], external_id="p1")
    door = link_to_paste(study, "").partition("?")[0]
    _, token = create_invitation(scope=Scope.CAMPAIGN, scope_id=shown.pk, actor=None)
    release = make_release(collection, clips[:2])
    scan = make_scan(clips[:6])
    jobs = make_jobs(people["curator"])
    searches = make_searches(drawn.score_set, jobs["running"])
    pages = {"campaign_id": str(campaigns["pages"].pk)}
    return Places(
        password=factories.PASSWORD,
        campaigns={name: str(campaign.pk) for name, campaign in campaigns.items()},
        arguments={
            "jobs:detail": {"job_id": str(jobs["done"].pk)},
            "jobs:detail failed": {"job_id": str(jobs["failed"].pk)},
            "jobs:detail running": {"job_id": str(jobs["running"].pk)},
            "catalog:collection": {"slug": collection.slug},
            "catalog:track": {"slug": collection.slug, "track_no": 1},
            "catalog:track in quarantine": {"slug": collection.slug, "track_no": broken.track_no},
            "catalog:withdrawal": {"slug": collection.slug, "clip_id": str(clips[0].pk)},
            "candidates:round": {"round_id": str(drawn.pk)},
            **{
                f"candidates:{name}": {"score_set_id": str(drawn.score_set_id)}
                for name in ("listen", "map", "map_square", "suggest")
            },
            "candidates:yields": {"slug": collection.slug},
            **searches,
            "taxonomies:detail published": {"taxonomy_id": str(first.pk)},
            **{
                f"taxonomies:{name}": {"taxonomy_id": str(second.pk)}
                for name in ("detail", "edit", "version", "publish", "delete", "class_new")
            },
            **{
                f"taxonomies:{name}": {"taxonomy_id": str(second.pk), "entry_name": "plucked"}
                for name in ("class", "class_remove")
            },
            **{
                f"splits:{page}": {"name": release.name, "version": release.version}
                for page in ("release", "reports", "deposits", "composition")
            },
            **{
                f"splits:{page}": {"scan_id": str(scan.pk)}
                for page in ("duplicate_pairs", "duplicate_review")
            },
            "complete_test_set": {"name": release.name, "version": release.version},
            "splits:clip": {
                "name": release.name,
                "version": release.version,
                "key": release.clips.first().sample_key,
            },
            **{
                f"annotation:{name}": {**pages, "person_id": str(people[person].pk)}
                for name, person in (
                    ("consistency_person", "annotator"),
                    ("consistency_person flagged", "keyboard"),
                    ("conversation_with", "annotator"),
                )
            },
            **{
                f"annotation:{name}": curating
                for name in (
                    "adjudication",
                    "adjudication_list",
                    "campaign_gold",
                    "promote_gold",
                    "flags",
                )
            },
            "annotation:question": {"question_id": str(question.pk)},
            "annotation:study": {"study_id": str(study.pk)},
            "annotation:study_end": {"study_id": str(study.pk)},
            "annotation:study_door": {"link": door.rstrip("/").rpartition("/")[2]},
            "people:join": {"token": token},
            **{f"annotation:{name}": pages for name in ("invitations", "studies", "join_campaign")},
            "annotation:consistency_class": {**pages, "class_name": "banjo"},
            "annotation:guideline": {**pages, "class_name": "banjo"},
            "annotation:consistency_run": {**pages, "number": 1},
            **{
                f"annotation:{name}": pages
                for name in (
                    "rate",
                    "rate_plain",
                    "welcome",
                    "headphones",
                    "campaign",
                    "campaign_guidelines",
                    "campaign_manage",
                    "campaign_preview",
                    "campaign_settings",
                    "questions",
                    "consistency_campaign",
                    "consistency_people",
                    "consistency_pairs",
                    "conversation",
                    "quiz",
                    "consistency_clips",
                    "consistency_ratings",
                    "consistency_classes",
                    "consistency_runs",
                    "consistency_compare",
                )
            },
        },
        running_job=str(jobs["running"].pk),
        queries={
            "candidates:listen": "?class=banjo&bin=40",
            "candidates:map_square": "?x=20&y=20",
            "annotation:study_door": "?PROLIFIC_PID=p2&SESSION_ID=s2",
            "taxonomies:compare": f"?from={first.pk}&to={second.pk}",
        },
    )


if __name__ == "__main__":
    import django

    django.setup()

    from tests.browser.crowd_world import make_crowd

    make = {
        "world": make_world, "bare": make_bare, "crowd": make_crowd, "listening": make_listening,
    }[sys.argv[1]]  # fmt: skip
    json.dump(asdict(make(Path(sys.argv[2]))), sys.stdout)
