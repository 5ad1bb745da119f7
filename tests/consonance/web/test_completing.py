"""An exhaustive test set: the release says what is missing, the campaign asks exactly that."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.actions.claim_questions import claim_questions
from annotation.models import Campaign, Question
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from consonance.web.completing import open_for, plan_for
from splits.models import Release
from tests.factories import (
    CandidateFactory,
    ClipFactory,
    DetectorVersionFactory,
    ReleaseClipFactory,
    ReleaseFactory,
    SamplingRoundFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def release() -> Release:
    """Return a release of two classes: three test clips with three of six labels, one in train."""
    drawn = SamplingRoundFactory()
    taxonomy = drawn.score_set.detector.taxonomy
    collection = drawn.score_set.collection
    banjo, organ = (
        taxonomy.classes.create(position=place, name=name, display_name=name.capitalize())
        for place, name in enumerate(("banjo", "organ"), start=100)
    )
    found = ReleaseFactory(
        collection=collection,
        figures={
            "clips": 4, "artists": 4, "partitions": {"test": 3, "train": 1}, "licences": {},
            "classes": {
                "banjo": {"present": 2, "absent": 1, "by_partition": {"test": [1, 1]}},
                "organ": {"present": 1, "absent": 0, "by_partition": {"test": [1, 0]}},
            },
        },
    )  # fmt: skip
    found.manifest["classes"] = ["organ", "banjo"]
    found.save()
    rows = [("test", ["banjo"], []), ("test", [], ["banjo"]), ("test", ["organ"], [])]
    rows.append(("train", ["banjo"], []))
    for number, (partition, present, absent) in enumerate(rows):
        clip = ClipFactory(track__collection=collection, track__track_no=number + 1)
        ReleaseClipFactory(
            release=found, clip=clip, partition=partition, present=present, absent=absent
        )
        CandidateFactory(round=drawn, clip=clip, target=banjo)
        CandidateFactory(round=drawn, clip=clip, target=organ)
    return found


def asked(campaign: Campaign) -> set[tuple[int, str]]:
    rows = Question.objects.of(campaign).values_list("clip__track__track_no", "target__name")
    return set(rows)


def test_only_what_is_unlabelled_in_the_test_partition_is_asked(release):
    campaign = open_for(plan_for(release))
    assert asked(campaign) == {(1, "organ"), (2, "organ"), (3, "banjo")}
    assert {g.target.name for g in campaign.guidelines.all()} == {"banjo", "organ"}
    assert campaign.provenance["completes"] == {
        "release": str(release.pk), "name": release.name, "version": "1.0.0", "partition": "test",
    }  # fmt: skip
    entry = AuditEntry.objects.get(action="complete_labels")
    assert entry.detail["questions"] == 3


def test_the_forecast_is_what_is_then_asked(release):
    plan = plan_for(release, min_ratings=2, max_ratings=4, gold_share=0.0, repeat_share=0.0,
                    audit_share=0.0)  # fmt: skip
    assert plan.effort.answers == (6, 12)
    assert (plan.effort.questions, plan.effort.clips) == (3, 3)
    assert plan.missing.by_class == {"organ": 2, "banjo": 1}
    assert plan.missing.labelled == 3
    campaign = open_for(plan)
    assert sum(Question.objects.of(campaign).values_list("wanted", flat=True)) == 6
    assert Question.objects.of(campaign).count() == plan.effort.questions


def test_opening_it_twice_is_refused_and_told(release):
    campaign = open_for(plan_for(release))
    plan = plan_for(release)
    assert plan.opened == campaign
    with pytest.raises(StateError, match="already"):
        open_for(plan)
    assert Campaign.objects.count() == 1


def test_whoever_had_looked_before_another_opened_it_opens_no_second(release):
    plan = plan_for(release)  # two pages that were opened before either was sent
    open_for(plan)
    with pytest.raises(StateError, match="already"):
        open_for(plan, name="The same under another name")
    assert Campaign.objects.count() == 1


def test_a_withdrawn_clip_is_not_asked_about(release):
    clip = release.clips.get(clip__track__track_no=1).clip
    clip.is_withdrawn = True
    clip.save()
    assert asked(open_for(plan_for(release))) == {(2, "organ"), (3, "banjo")}


def test_a_complete_test_set_leaves_nothing_to_ask(release):
    release.clips.update(present=["banjo", "organ"], absent=[])
    with pytest.raises(StateError, match="nothing to ask"):
        open_for(plan_for(release))


def test_a_release_without_test_partition_is_told(release):
    release.figures["partitions"] = {"train": 4}
    with pytest.raises(ParameterError, match="no partition 'test'"):
        plan_for(release)


def test_a_class_that_nobody_can_be_asked_about_is_named(release):
    release.manifest["classes"] = ["organ", "banjo", "kazoo"]
    with pytest.raises(ParameterError, match="'kazoo'"):
        open_for(plan_for(release))


def test_a_class_that_no_round_drew_is_found_in_the_detector_s_taxonomy(release):
    detector = DetectorVersionFactory()
    kazoo = detector.taxonomy.classes.create(position=7, name="kazoo", display_name="Kazoo")
    release.manifest["classes"] = ["banjo", "kazoo"]
    release.manifest["provenance"] = {
        "detector": {
            "taxonomy": detector.taxonomy.name, "taxonomy_version": detector.taxonomy.version,
        }
    }  # fmt: skip
    campaign = open_for(plan_for(release))
    assert set(Question.objects.of(campaign).filter(target=kazoo)) != set()


def test_only_a_curator_of_the_collection_opens_it(release):
    with pytest.raises(NotAllowedError):
        open_for(plan_for(release), actor=annotator())
    elsewhere = person_with(Role.CURATOR, place=ReleaseFactory().collection)
    with pytest.raises(NotAllowedError):
        open_for(plan_for(release), actor=elsewhere)
    assert not Campaign.objects.exists()
    person = person_with(Role.CURATOR, place=release.collection)
    assert open_for(plan_for(release), actor=person).created_by == person


def test_the_page_forecasts_then_opens(client, release):
    client.force_login(curator())
    url = reverse("complete_test_set", args=[release.name, release.version])
    page = client.get(url).content.decode()
    assert "3 of 6 labels of the test partition are there" in page
    assert "3 questions about 3 clips" in page
    numbers = {"name": "All of it", "min_ratings": 1, "max_ratings": 1}
    tried = client.post(url, {**numbers, "forecast": "1"}).content.decode()
    assert "They take 3 to 3 answers" in tried
    assert not Campaign.objects.exists()
    done = client.post(url, {**numbers, "open": "1"})
    campaign = Campaign.objects.get()
    assert done.url == reverse("annotation:campaign", args=[campaign.pk])
    assert (campaign.name, campaign.max_ratings) == ("All of it", 1)
    again = client.get(url).content.decode()
    assert "Its campaign is open" in again
    assert "Open the campaign" not in again


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"min_ratings": 5, "max_ratings": 2}, "fewer than at least"),
        ({"min_ratings": 0}, "greater than or equal to 1"),
        ({"max_ratings": 10**9}, "less than or equal to"),
        ({"name": ""}, "required"),
    ],
)
def test_numbers_that_make_no_sense_are_told_on_the_page(client, release, change, told):
    client.force_login(curator())
    url = reverse("complete_test_set", args=[release.name, release.version])
    values = {"name": "X", "min_ratings": 3, "max_ratings": 5, "open": "1", **change}
    answer = client.post(url, values)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not Campaign.objects.exists()


def test_strangers_and_annotators_do_not_see_the_page(client, release):
    url = reverse("complete_test_set", args=[release.name, release.version])
    assert client.get(url).status_code == 302
    client.force_login(annotator())
    assert client.get(url).status_code == 403


def test_the_release_page_leads_curators_there_and_nobody_else(client, release):
    url = reverse("complete_test_set", args=[release.name, release.version])
    assert url not in client.get(release.get_absolute_url()).content.decode()
    client.force_login(curator())
    page = client.get(release.get_absolute_url()).content.decode()
    assert url in page
    assert "3 of 6" in page
    campaign = open_for(plan_for(release))
    page = client.get(release.get_absolute_url()).content.decode()
    assert url not in page
    assert reverse("annotation:campaign", args=[campaign.pk]) in page


def run(*words: str) -> dict[str, object]:
    out = StringIO()
    call_command("complete_test_set", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_says_what_it_takes_opens_once_and_is_safe_to_repeat(release):
    dry = run(f"{release.name}-1.0.0", "--dry-run")
    assert dry["questions"] == 3
    assert not Campaign.objects.exists()
    first = run(release.name, "--min-ratings", "1", "--max-ratings", "2")
    again = run(f"{release.name}-1.0.0")
    assert first["campaign"] == again["campaign"] == str(Campaign.objects.get().pk)


def test_the_command_names_a_release_that_does_not_exist(release):
    with pytest.raises(CommandError, match=r"no release .none-9\.9\.9."):
        run("none-9.9.9")


def test_people_are_handed_its_questions(release):
    campaign = open_for(plan_for(release), name="All")
    taken = claim_questions(campaign=campaign, person=annotator(), count=5)
    handed = {
        (row.question.clip.track.track_no, row.question.target.name) for row in taken.assignments
    }
    assert handed <= asked(campaign)
    assert handed
