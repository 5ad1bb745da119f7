"""A campaign for ten simulated people, one of whom does not listen. Not a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEOPLE = 10
QUESTIONS = 200  # of fewer, chance alone may look like hearing: nobody is accused then
#: Of the simulation; people and answers follow from it.
SEED = 2018


@dataclass(frozen=True)
class CrowdPlaces:
    """What addresses and answers are made of.

    Attributes
    ----------
    truth
        Whether the class sounds, by clip.
    tokens, panel
        API tokens of the people, and their names, in the panel's order.
    spammer
        Name of the one who does not listen.
    question
        A question about a clip that has sound.
    """

    password: str
    arguments: dict[str, dict[str, Any]]
    campaign: str
    truth: dict[str, bool]
    tokens: list[str]
    panel: list[str]
    spammer: str
    question: str


def make_crowd(root: Path) -> CrowdPlaces:
    """Make it; nobody has answered yet."""
    from rest_framework.authtoken.models import Token

    from annotation.models import Question
    from consonance.catalog.actions.cut_clips import cut_clips
    from consonance.demo.annotators import SPAMMERS, make_panel
    from consonance.people.actions.create_person import create_person
    from consonance.people.models import Role
    from tests import factories
    from tests.browser.world import CLIP_MS, make_people, write_tones

    make_people()
    collection = factories.CollectionFactory(slug="crowd", name="Crowd", root=str(root))
    drawn = factories.SamplingRoundFactory(score_set__collection=collection)
    banjo = factories.ClassFactory(taxonomy=drawn.score_set.detector.taxonomy, name="banjo")
    [name] = write_tones(root, 1)
    heard = factories.TrackFactory(collection=collection, track_no=1, path=name, title="Study 1")
    audible = cut_clips(excerpts=[(heard, 0)], duration_ms=CLIP_MS, processes=1).clips[heard.pk, 0]
    clips = [audible] + [
        factories.ClipFactory(
            track=factories.TrackFactory(collection=collection, track_no=place + 2)
        )
        for place in range(QUESTIONS - 1)
    ]
    campaign = factories.CampaignFactory(
        collection=collection, name="Ten people", min_ratings=PEOPLE, max_ratings=PEOPLE,
        repeat_share=0, min_heard_ms=700,
    )  # fmt: skip
    campaign.rounds.add(drawn)
    truth = {}
    for place, clip in enumerate(clips):
        truth[str(clip.pk)] = place % 2 == 0
        factories.CandidateFactory(
            round=drawn, clip=clip, target=banjo, tail=("high", "low")[place % 2],
            likelihood=(0.8, 0.2)[place % 2],
        )  # fmt: skip
        factories.QuestionFactory(
            campaign=campaign, clip=clip, target=banjo, free=PEOPLE, wanted=PEOPLE, priority=place
        )
    panel = make_panel(PEOPLE, ["banjo"], seed=SEED)
    people = [
        create_person(username=person.name, roles=[Role.ANNOTATOR], is_simulated=True)
        for person in panel
    ]
    [spammer] = [person.name for person in panel if person.kind in SPAMMERS]
    place = {"campaign_id": str(campaign.pk)}
    question = Question.objects.get(clip=audible)
    return CrowdPlaces(
        password=factories.PASSWORD,
        arguments={
            **{f"annotation:consistency_{tab}": place for tab in ("campaign", "people", "runs")},
            "annotation:question": {"question_id": str(question.pk)},
        },
        campaign=str(campaign.pk),
        truth=truth,
        tokens=[Token.objects.get_or_create(user=person)[0].key for person in people],
        panel=[person.name for person in panel],
        spammer=spammer,
        question=str(question.pk),
    )
