from __future__ import annotations

import uuid

import pytest

from annotation.actions.promote_gold import promote_gold
from annotation.gold.unanimous import proposals
from annotation.models import GoldAnswer, Question, Rating
from consonance.errors import NotAllowedError, ParameterError
from consonance.errors import StateError as NotNow
from consonance.people.models import Role
from tests.annotation.frozen_runs import label, make_run
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    SamplingRoundFactory,
    SkillSnapshotFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


@pytest.fixture
def people():
    return [annotator() for _ in range(5)]


@pytest.fixture
def banjo():
    return ClassFactory(name="banjo")


@pytest.fixture
def campaign():
    return CampaignFactory(max_ratings=5)


def agreed(campaign, people, answer, target, **fields):
    """Make a decided question to which everybody says the same."""
    question = QuestionFactory(
        campaign=campaign, target=target, state="decided", answered=len(people), **fields
    )
    for person in people:
        RatingFactory(question=question, person=person, answer=answer)
    return question


def judged(campaign, people, *, support=20, posterior=0.999):
    """Make a run over everything that was answered, which knows some people."""
    rows = []
    for question in campaign.questions.select_related("target", "clip"):
        counts = [
            question.ratings.filter(answer=answer).count() for answer in ("yes", "no", "unsure")
        ]
        rows.append(
            label(
                question.clip, question.target.name, n_yes=counts[0], n_no=counts[1],
                n_unsure=counts[2],
                posterior_crowd=posterior if counts[0] >= counts[1] else 1 - posterior,
            )
        )  # fmt: skip
    run = make_run(campaign, labels=rows)
    for person in people:
        SkillSnapshotFactory(run=run, person=person, support=support)
    return run


def found(campaign, **fields):
    return {(one.question, one.truth) for one in proposals(campaign, **fields)}


def test_what_everybody_agreed_on_is_proposed_half_and_half(campaign, people, banjo):
    yes = agreed(campaign, people, "yes", banjo)
    for _ in range(4):
        agreed(campaign, people, "no", banjo)
    judged(campaign, people)
    proposed = proposals(campaign)
    assert sorted(one.truth for one in proposed) == ["absent", "present"]
    assert (yes, "present") in found(campaign)
    assert {one.answers for one in proposed} == {5}


def test_what_is_missing_on_one_side_is_made_up(campaign, people, banjo):
    held = QuestionFactory(campaign=campaign, target=banjo)
    for _ in range(2):
        GoldAnswerFactory(question=held, truth="present")  # one pair, two authors
    for _ in range(3):
        agreed(campaign, people, "no", banjo)
    judged(campaign, people)
    assert [one.truth for one in proposals(campaign)] == ["absent"]


def test_near_misses_are_proposed_first(campaign, people, banjo):
    drawn = SamplingRoundFactory(score_set__collection=campaign.collection)
    campaign.rounds.add(drawn)
    for answer, tails in (("yes", ("high", "low", "high")), ("no", ("low", "high", "low"))):
        for tail in tails:
            question = agreed(campaign, people, answer, banjo)
            CandidateFactory(round=drawn, clip=question.clip, target=banjo, tail=tail)
    judged(campaign, people)
    assert [one.difficulty for one in proposals(campaign, most=1)] == ["near_miss"] * 2


def few(campaign, people, banjo):
    agreed(campaign, people[:4], "yes", banjo)


def not_alike(campaign, people, banjo):
    RatingFactory(question=agreed(campaign, people, "yes", banjo), answer="no")


def somebody_unsure(campaign, people, banjo):
    RatingFactory(question=agreed(campaign, people, "yes", banjo), answer="unsure")


def still_open(campaign, people, banjo):
    question = agreed(campaign, people, "yes", banjo)
    Question.objects.filter(pk=question.pk).update(state="open")


def already_gold(campaign, people, banjo):
    GoldAnswerFactory(question=agreed(campaign, people, "yes", banjo))


def withdrawn(campaign, people, banjo):
    question = agreed(campaign, people, "yes", banjo)
    question.clip.is_withdrawn = True
    question.clip.save()


def a_stranger(campaign, people, banjo):
    agreed(campaign, [*people[:4], annotator()], "yes", banjo)


@pytest.mark.parametrize(
    "make",
    [few, not_alike, somebody_unsure, still_open, already_gold, withdrawn, a_stranger],
)
def test_what_is_not_sure_enough_is_not_proposed(campaign, people, banjo, make):
    agreed(campaign, people, "no", banjo)
    make(campaign, people, banjo)
    judged(campaign, people)
    assert not any(one.truth == "present" for one in proposals(campaign))


def test_people_with_few_ratings_and_low_posteriors_do_not_suffice(campaign, people, banjo):
    for answer in ("yes", "no"):
        agreed(campaign, people, answer, banjo)
    judged(campaign, people, support=9)
    assert proposals(campaign) == []
    judged(campaign, people, posterior=0.98)
    assert proposals(campaign) == []
    judged(campaign, people)
    assert len(proposals(campaign)) == 2


def test_without_a_run_or_its_table_nothing_is_proposed(campaign, people, banjo, tmp_path):
    agreed(campaign, people, "yes", banjo)
    assert proposals(campaign) == []
    judged(campaign, people)
    for path in (tmp_path / "tables").rglob("*.parquet"):
        path.unlink()
    assert proposals(campaign) == []


def test_the_same_campaign_gets_the_same_proposals(campaign, people, banjo):
    for answer in ("yes", "no") * 6:
        agreed(campaign, people, answer, banjo)
    judged(campaign, people)
    first = proposals(campaign, most=2)
    assert len(first) == 4
    assert first == proposals(campaign, most=2)


def test_a_curator_confirms_and_it_is_known(campaign, people, banjo):
    questions = [agreed(campaign, people, answer, banjo) for answer in ("yes", "no")]
    judged(campaign, people)
    cleo = curator()
    promote_gold(campaign=campaign, questions=[row.pk for row in questions], actor=cleo)
    rows = GoldAnswer.objects.all()
    assert {(row.truth, row.source, row.created_by) for row in rows} == {
        ("present", "unanimous", cleo), ("absent", "unanimous", cleo),
    }  # fmt: skip
    assert proposals(campaign) == []


def test_answers_that_came_meanwhile_stop_all_of_it(campaign, people, banjo):
    questions = [agreed(campaign, people, answer, banjo) for answer in ("yes", "no")]
    judged(campaign, people)
    RatingFactory(question=questions[0], answer="no", is_late=True)
    with pytest.raises(NotNow, match="no longer"):
        promote_gold(campaign=campaign, questions=[row.pk for row in questions], actor=curator())
    assert not GoldAnswer.objects.exists()
    Rating.objects.filter(is_late=True).delete()


def test_bad_choices_are_refused(campaign, people, banjo):
    question = agreed(campaign, people, "yes", banjo)
    cleo = curator()
    with pytest.raises(NotNow, match="no run"):
        promote_gold(campaign=campaign, questions=[question.pk], actor=cleo)
    judged(campaign, people)
    for chosen in ([], [uuid.uuid4()], [QuestionFactory().pk]):
        with pytest.raises(ParameterError):
            promote_gold(campaign=campaign, questions=chosen, actor=cleo)
    for person in (annotator(), person_with(Role.CURATOR, place=campaign)):
        with pytest.raises(NotAllowedError):
            promote_gold(campaign=campaign, questions=[question.pk], actor=person)
    assert not GoldAnswer.objects.exists()
