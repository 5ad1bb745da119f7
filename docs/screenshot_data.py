"""Bring a copied demo to where its pages show most: for docs/take_screenshots.py.

What a demo's crowd has no time for is added: gold with a quiz, campaigns that ask in other ways,
reports, a study, messages, a second run. Everything is simulated.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

#: Classes with gold, and clips of each truth in each of them.
_GOLD_CLASSES: Final = 8
_OF_EACH_TRUTH: Final = 3
#: Answers of the annotator to gold, and which of them are wrong.
_TO_GOLD: Final = 20
_WRONG: Final = {4, 15}
#: Answers that the study asks for.
_OF_STUDY: Final = 40


def prepared(data: Path) -> dict[str, str]:
    """Add what is missing, and return what addresses are made of.

    Parameters
    ----------
    data
        The data folder of this process: a demo's, copied.
    """
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)

    from django.urls import reverse

    from annotation.actions.send_message import send_message
    from annotation.models import Campaign, Question, Rating
    from candidates.models import SamplingRound
    from consonance.catalog.models import Track
    from consonance.people.actions.create_invitation import create_invitation
    from consonance.people.actions.give_consent import give_consent
    from consonance.people.consent import VERSION
    from consonance.people.models import Scope, User
    from splits.models import Release

    password = json.loads((data / "demo-accounts.json").read_text("utf-8"))["password"]
    campaign = Campaign.objects.order_by("created_at")[0]
    ana, admin = (User.objects.get(username=name) for name in ("annotator", "admin"))
    give_consent(person=ana, is_adult=True, agrees=True, version=VERSION)
    _welcome(campaign, ana)
    send_message(campaign=campaign, sender=ana, text="Does a sampled banjo count as a banjo?")
    send_message(campaign=campaign, sender=admin, recipient=ana, text="It does. Thank you!")
    where = campaign.collection_id
    _, token = create_invitation(scope=Scope.COLLECTION, scope_id=where, actor=None, max_uses=9)
    quiz_class = _set_gold(campaign, ana)
    _report_clips(campaign)
    _let_agree(campaign)
    decided = Question.objects.filter(campaign=campaign, state="decided", is_gold=False)
    busiest = Rating.objects.exclude(person=ana).order_by("created_at").values_list("person")[0][0]
    track = Track.objects.filter(clips__isnull=False).order_by("track_no")[0]
    return {
        "campaign": str(campaign.pk),
        "token": token,
        "collection": campaign.collection.get_absolute_url(),
        "track": reverse("catalog:track", args=[campaign.collection.slug, track.track_no]),
        "round": str(SamplingRound.objects.order_by("pk")[0].pk),
        "question": str(decided.order_by("-answered", "pk")[0].pk),
        "person": str(busiest),
        "release": Release.objects.order_by("pk")[0].get_absolute_url(),
        "password": password,
        "class": quiz_class,
        **_last_classes(campaign, ana),
        **_other_campaigns(campaign, ana),
        **_runs(campaign),
        **_study(campaign, password),
    }


def _welcome(campaign: Any, person: Any) -> Any:
    from django.utils import timezone

    from annotation.models import Workload

    work, _ = Workload.objects.get_or_create(campaign=campaign, person=person)
    Workload.objects.filter(pk=work.pk).update(welcomed_at=timezone.now())
    return work


def _say(question: Any, person: Any, answer: str, at: datetime, weight: float = 0.0) -> None:
    """Store an answer; the question's counters stay as they are."""
    from annotation.models import Assignment, Rating

    lease = Assignment.objects.create(
        question=question, person=person, state="answered", leased_at=at,
        lease_until=at + timedelta(minutes=10),
    )  # fmt: skip
    rating = Rating.objects.create(
        key=lease.pk, campaign_id=question.campaign_id, question=question, assignment=lease,
        person=person, answer=answer, response_ms=7_000, heard_ms=6_000, weight=weight,
    )  # fmt: skip
    Rating.objects.filter(pk=rating.pk).update(created_at=at)


def _set_gold(campaign: Any, person: Any) -> str:
    """Make gold of what the crowd is surest of, plant it, and let a person have answered some.

    Returns
    -------
    str
        Name of a class that has a quiz.
    """
    from django.utils import timezone

    from annotation.actions.plant_gold import plant_gold
    from annotation.actions.set_gold import set_gold
    from annotation.models import Question, Workload
    from consonance.people.models import User

    curator = User.objects.get(username="curator")
    sure = Question.objects.filter(campaign=campaign, state="decided", is_audit=False)
    sure = sure.select_related("clip__track__collection", "target")
    by_class: dict[Any, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for question in sorted(sure, key=lambda one: (-abs(one.log_odds), str(one.pk))):
        truth = "present" if question.log_odds > 0 else "absent"
        by_class[question.target][truth].append(question)
    known = []
    for target in sorted(by_class, key=lambda one: one.position)[:_GOLD_CLASSES]:
        for truth, found in sorted(by_class[target].items()):
            for question in found[:_OF_EACH_TRUTH]:
                set_gold(
                    clip=question.clip, target=target, truth=truth, is_quiz=True, actor=curator,
                    explanation="Everybody who heard it before you said so.",
                )  # fmt: skip
                known.append((question, truth))
    plant_gold(campaign=campaign)
    earlier = timezone.now() - timedelta(hours=3)
    for place, (question, truth) in enumerate(known[:_TO_GOLD]):
        says = (truth == "present") != (place in _WRONG)
        _say(question, person, "yes" if says else "no", earlier + timedelta(seconds=9 * place))
    Workload.objects.filter(campaign=campaign, person=person).update(
        answered=_TO_GOLD, answered_gold=_TO_GOLD
    )
    return str(known[0][0].target.name)


def _let_agree(campaign: Any) -> None:
    """Let more of the simulated crowd say what all have said, so that gold can be made of it."""
    from django.db.models import Count

    from annotation.gold.unanimous import LEAST_ANSWERS
    from annotation.models import Question, Rating
    from consonance.people.models import User

    alike = (
        Question.objects.filter(campaign=campaign, state="decided", is_gold=False)
        .annotate(said=Count("ratings__answer", distinct=True))
        .filter(said=1)
    )
    sides: dict[tuple[Any, bool], int] = defaultdict(int)
    for question in alike.order_by("pk"):
        side = (question.target_id, question.log_odds > 0)
        sides[side] += 1
        if sides[side] > _OF_EACH_TRUTH:
            continue
        first = Rating.objects.filter(question=question).order_by("pk")[0]
        others = User.objects.filter(is_simulated=True).exclude(assignments__question=question)
        for person in others.order_by("username")[: LEAST_ANSWERS - question.answered]:
            _say(question, person, first.answer, first.created_at, weight=first.weight)
        Question.objects.filter(pk=question.pk).update(answered=LEAST_ANSWERS, wanted=LEAST_ANSWERS)


def _report_clips(campaign: Any) -> None:
    """Let two people say that something is wrong with a clip."""
    from annotation.models import ClipFlag, Rating

    told = (("silence", "Nothing after two seconds."), ("corrupt", "It clicks at the start."))
    open_ones = Rating.objects.filter(campaign=campaign, question__state="disputed")
    for (kind, note), rating in zip(told, open_ones.order_by("question", "pk")[3:5], strict=True):
        ClipFlag.objects.create(
            clip=rating.question.clip, question=rating.question, person=rating.person, kind=kind,
            note=note,
        )  # fmt: skip


def _last_classes(campaign: Any, person: Any) -> dict[str, str]:
    """Return the classes with the least left, one for each width of the end card."""
    from django.db.models import Count

    from annotation.models import Question

    left = Question.objects.filter(campaign=campaign, state="open", is_gold=False, free__gt=0)
    left = left.exclude(assignments__person=person)
    rows = left.values_list("target__name").annotate(n=Count("pk")).order_by("n", "target__name")
    return {f"few-{width}": name for width, (name, _) in zip((1280, 390), rows, strict=False)}


def _other_campaigns(campaign: Any, person: Any) -> dict[str, str]:
    """Open a campaign of clip passes, and one that needs headphones and a quiz."""
    from annotation.actions.clone_campaign import clone_campaign

    rounds = list(campaign.rounds.all())
    passes = clone_campaign(
        campaign=campaign, rounds=rounds, name="Clip by clip", asks="clip", requires_quiz=False
    )
    quiet = clone_campaign(
        campaign=campaign, rounds=rounds, name="Quiet sounds", checks_headphones=True,
        requires_quiz=True, description="Sounds that hide behind others: you need headphones.",
    )  # fmt: skip
    _welcome(passes, person)
    _welcome(quiet, person)
    return {"passes": str(passes.pk), "quiet": str(quiet.pk)}


def _runs(campaign: Any) -> dict[str, str]:
    """Aggregate by two methods, so that there is something to compare; and compute the report."""
    from annotation.actions.aggregate_ratings import aggregate_ratings
    from annotation.actions.refresh_report import refresh_report
    from annotation.aggregation.settings import RunSettings

    numbers = [
        str(aggregate_ratings(campaign=campaign, settings=RunSettings(method=method)).run.number)
        for method in ("majority", "dawid_skene")
    ]
    refresh_report(campaign=campaign)
    return dict(zip(("from", "to"), numbers, strict=True))


def _study(campaign: Any, password: str) -> dict[str, str]:
    """Open a study, with one who has given all that it asks for."""
    from django.utils import timezone

    from annotation.actions.open_study import open_study
    from annotation.models import Participant, Question
    from annotation.people.studies import link_to_paste
    from consonance.people.actions.create_person import create_person
    from consonance.people.models import Role

    study = open_study(
        campaign=campaign, provider="prolific", name="March", ratings_wanted=_OF_STUDY,
        reward=Decimal("3.00"),
    )  # fmt: skip
    person = create_person(username="participant", roles=[Role.ANNOTATOR], password=password)
    begun = timezone.now() - timedelta(minutes=12)
    joined = Participant.objects.create(study=study, person=person, external_id="5f0c")
    Participant.objects.filter(pk=joined.pk).update(joined_at=begun)
    asked = Question.objects.filter(campaign=campaign, state="decided", is_gold=False)
    for place, question in enumerate(asked.order_by("pk")[:_OF_STUDY]):
        says = "yes" if question.log_odds > 0 else "no"
        _say(question, person, says, begun + timedelta(seconds=10 * (place + 1)))
    door = link_to_paste(study, "").partition("?")[0]
    return {"study": str(study.pk), "door": f"{door}?PROLIFIC_PID=p2&SESSION_ID=s2"}
