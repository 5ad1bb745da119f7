"""Campaigns with as many open questions as wanted, and people who are signed in to answer them.

    python -m benchmarks._rating_data '{"questions": 1000000, …}'    (fields of `Wanted`)

Runs in a process of its own on the database that `DATABASE_URL` names; makes its tables first.
The last line on stdout is one JSON object: `Made`. The same wishes give the same rows, ids
included. What a question's true answer is follows from its id (`is_present`), so that who answers
knows it without a list.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from annotation.models import Campaign
    from consonance.catalog.models import Collection, TaxonomyClass

_PEAKS: Final = 400  # as cut clips have them
_PICTURES: Final = 50
_EXAMPLES: Final = 3
_TEXT: Final = (
    "Answer yes if you hear the instrument anywhere in the clip, alone or in a mix, however softly."
    " Sampled and synthesised sounds count when they are played like the instrument. A sound that"
    " only resembles it does not count; if you cannot tell, say unsure. Use headphones."
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What there is to be.

    Attributes
    ----------
    questions
        Open ones in all campaigns.
    campaigns
        The first one holds what the others leave; each of those has `of_others` questions.
    classes
        Of the taxonomy; every clip is asked about for all of them.
    people
        Annotators who are signed in.
    gold
        Gold questions of the first campaign, half present, half absent.
    heavy
        Ratings of the first person, all in the first class: the questions that come first.
    begun
        Questions of the first campaign with one rating by somebody who is gone.
    expired
        Share of questions in hands whose lease ran out and has not been ended.
    lease_seconds
        Of all campaigns.
    """

    questions: int = 3_000
    campaigns: int = 1
    of_others: int = 20_000
    classes: int = 5
    people: int = 64
    gold: int = 60
    heavy: int = 0
    begun: int = 0
    expired: float = 0.0
    lease_seconds: int = 600


@dataclass(frozen=True, kw_only=True)
class Made:
    """What there is.

    Attributes
    ----------
    campaign
        The first one's id.
    people
        Each with `id`, `session` and `token`; the first has the heavy past.
    seconds
        What making took.
    """

    campaign: str
    people: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


def is_present(question: str | UUID) -> bool:
    """Return the true answer of a question."""
    return int(str(question)[-1], 16) % 2 == 0


class _Maker:
    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.rng = np.random.default_rng(20_261_123)
        self.now = datetime.now(UTC)
        self.before = self.now - timedelta(days=30)

    def make(self) -> Made:
        begun = time.perf_counter()
        wanted = self.wanted
        rest = wanted.questions - (wanted.campaigns - 1) * wanted.of_others
        if rest < max(1, wanted.heavy + wanted.begun):
            raise ValueError(f"{wanted} leaves the first campaign {rest} questions.")
        targets = self._targets()
        collection, clips, drawn = self._archive(targets, -(-rest // wanted.classes))
        people, gone = self._people(wanted.people), self._people(max(1, wanted.begun // 200))
        campaigns = [
            self._campaign(collection, targets, clips, drawn, place)
            for place in range(wanted.campaigns)
        ]
        for place, campaign in enumerate(campaigns):
            number = rest if place == 0 else wanted.of_others
            self._ask(campaign, targets, clips, number, people, gone, is_first=place == 0)
            _say(f"{campaign}: {number:,} questions")
        self._gold(collection, campaigns[0], targets)
        self._work(campaigns, people, targets)
        return Made(
            campaign=str(campaigns[0].pk),
            people=[_signed_in(person) for person in people],
            seconds=round(time.perf_counter() - begun, 1),
        )

    def _targets(self) -> list[TaxonomyClass]:
        from consonance.catalog.models import Taxonomy, TaxonomyClass

        taxonomy = Taxonomy.objects.create(id=self._id(), name="bench", version="1", licence="CC0")
        return TaxonomyClass.objects.bulk_create(
            TaxonomyClass(
                id=self._id(),
                taxonomy=taxonomy,
                position=place,
                name=f"instrument_{place}",
                display_name=f"Instrument {place}",
                article="an",
            )
            for place in range(self.wanted.classes)
        )

    def _archive(
        self, targets: list[TaxonomyClass], number: int
    ) -> tuple[Collection, list[UUID], Any]:
        from benchmarks._rows import insert
        from candidates.models import DetectorVersion, SamplingRound, ScoreSet
        from consonance.catalog.models import Clip, Collection, Track, TrackState

        collection = Collection.objects.create(
            id=self._id(), slug="bench", name="Bench", root="/nowhere", is_synthetic=True
        )
        number += self.wanted.gold  # gold has clips of its own
        tracks, clips = self._ids(number), self._ids(number)
        insert(
            Track,
            ["id", "collection_id", "track_no", "path", "state", "duration_ms", "sample_rate",
             "channels", "title", "artist", "artist_key", "licence_spdx"],
            ((pk, collection.pk, place + 1, f"{place}.mp3", TrackState.READY.value, 30_000, 44_100,
              2, f"Piece {place}", "Somebody", f"artist-{place % 4000}", "CC-BY-4.0")
             for place, pk in enumerate(tracks)),
        )  # fmt: skip
        waves = self.rng.integers(-127, 128, (_PICTURES, _PEAKS, 2))
        pictures = [json.dumps(np.sort(wave, axis=1).tolist()) for wave in waves]
        insert(
            Clip,
            ["id", "track_id", "start_ms", "duration_ms", "sample_rate", "channels",
             "audio_sha256", "pcm_sha256", "audio_bytes", "peaks", "playback_sha256",
             "playback_bytes", "created_at"],
            ((pk, tracks[place], 0, 10_000, 44_100, 2, pk.hex * 2, pk.hex * 2, 120_000,
              pictures[place % _PICTURES], pk.hex * 2, 200_000, self.before)
             for place, pk in enumerate(clips)),
        )  # fmt: skip
        detector = DetectorVersion.objects.create(
            id=self._id(), name="bench", version="1", taxonomy=targets[0].taxonomy
        )
        scores = ScoreSet.objects.create(
            id=self._id(), collection=collection, detector=detector, window_ms=10_000,
            hop_ms=10_000, is_complete=True,
        )  # fmt: skip
        drawn = SamplingRound.objects.create(
            id=self._id(), score_set=scores, number=1, recipe={}, state=SamplingRound.State.DRAWN
        )
        return collection, clips, drawn

    def _people(self, number: int) -> list[Any]:
        from consonance.people import consent
        from consonance.people.models import Membership, Role, Scope, User

        people = User.objects.bulk_create(
            User(
                id=pk,
                username=f"person-{pk.hex[:12]}",
                password=f"!{pk.hex}",
                consented_at=self.before,
                consent_version=consent.VERSION,
            )
            for pk in self._ids(number)
        )
        Membership.objects.bulk_create(
            Membership(id=self._id(), person=person, role=Role.ANNOTATOR, scope=Scope.SITE)
            for person in people
        )
        return people

    def _campaign(
        self,
        collection: Collection,
        targets: list[TaxonomyClass],
        clips: list[UUID],
        drawn: Any,
        place: int,
    ) -> Campaign:
        from annotation.models import Campaign, ClassTally, GuidelineExample, GuidelineVersion

        campaign = Campaign.objects.create(
            id=self._id(),
            collection=collection,
            name=f"Campaign {place + 1}",
            lease_seconds=self.wanted.lease_seconds,
            seed=place,
            requires_quiz=False,  # raters begin with questions
        )
        campaign.rounds.set([drawn])
        guidelines = GuidelineVersion.objects.bulk_create(
            GuidelineVersion(id=self._id(), campaign=campaign, target=target, text=_TEXT)
            for target in targets
        )
        GuidelineExample.objects.bulk_create(
            GuidelineExample(
                id=self._id(),
                guideline=guideline,
                clip_id=clips[(row * _EXAMPLES + number) % len(clips)],
                kind="positive" if number else "near_miss",
                caption="Listen from the third second on.",
                place=number,
            )
            for row, guideline in enumerate(guidelines)
            for number in range(min(_EXAMPLES, len(clips)))
        )
        ClassTally.objects.bulk_create(
            ClassTally(campaign=campaign, target=target, counted_at=self.now) for target in targets
        )
        return campaign

    def _ask(
        self,
        campaign: Campaign,
        targets: list[TaxonomyClass],
        clips: list[UUID],
        number: int,
        people: list[Any],
        gone: list[Any],
        *,
        is_first: bool,
    ) -> None:
        from annotation.models import Question
        from benchmarks._rows import insert

        wanted, rng, classes = self.wanted, self.rng, len(targets)
        heavy = wanted.heavy if is_first else 0
        begun = wanted.begun if is_first else 0
        ids = self._ids(number)
        # The heavy person's come first of all; of the rest, the seeded order is any.
        order = rng.permutation(number)
        rank = np.empty(number, np.int64)
        rank[order] = np.arange(number)
        if heavy:
            of_first = np.flatnonzero(np.arange(number) % classes == 0)[:heavy]
            rank[of_first] = np.arange(len(of_first)) - heavy
            if len(of_first) < heavy:
                raise ValueError(f"Only {len(of_first)} questions of the first class.")
            mine = set(of_first.tolist())
        else:
            mine = set()
        others = [row for row in order.tolist() if row not in mine]
        answered = set(others[:begun])
        held = set(others[begun : begun + int(wanted.expired * number)])
        prior = rng.normal(0.0, 1.0, number)
        audit = rng.random(number) < campaign.audit_share
        given = [(row, people[0].pk) for row in sorted(mine)]
        given += [(row, gone[place % len(gone)].pk) for place, row in enumerate(sorted(answered))]
        weight = {row: 0.5 if is_present(ids[row]) else -0.5 for row, _ in given}
        insert(
            Question,
            ["id", "campaign_id", "clip_id", "target_id", "free", "wanted", "answered",
             "prior_log_odds", "log_odds", "is_audit", "priority"],
            ((ids[row], campaign.pk, clips[row // classes], targets[row % classes].pk,
              3 - (row in weight or row in held), 3, int(row in weight), float(prior[row]),
              float(prior[row]) + weight.get(row, 0.0), bool(audit[row]), int(rank[row]))
             for row in range(number)),
        )  # fmt: skip
        self._answer(campaign, targets, ids, given, weight)
        self._hold(ids, sorted(held), gone)

    def _answer(
        self,
        campaign: Campaign,
        targets: list[TaxonomyClass],
        ids: list[UUID],
        given: list[tuple[int, UUID]],
        weight: dict[int, float],
    ) -> None:
        from annotation.models import Assignment, Rating
        from benchmarks._rows import insert

        if not given:
            return
        guidelines = dict(campaign.guidelines.values_list("target_id", "pk"))
        leases, keys, ratings = (self._ids(len(given)) for _ in range(3))
        at = [self.before + timedelta(seconds=20 * place) for place in range(len(given))]
        insert(
            Assignment,
            ["id", "question_id", "person_id", "state", "leased_at", "lease_until"],
            ((leases[place], ids[row], person, "answered", at[place],
              at[place] + timedelta(seconds=600))
             for place, (row, person) in enumerate(given)),
        )  # fmt: skip
        insert(
            Rating,
            ["id", "key", "question_id", "campaign_id", "assignment_id", "person_id", "answer",
             "guideline_id", "response_ms", "heard_ms", "weight", "created_at"],
            ((ratings[place], keys[place], ids[row], campaign.pk, leases[place], person,
              "yes" if weight[row] > 0 else "no", guidelines[targets[row % len(targets)].pk],
              6_000, 5_500, weight[row], at[place] + timedelta(seconds=7))
             for place, (row, person) in enumerate(given)),
        )  # fmt: skip

    def _hold(self, ids: list[UUID], held: list[int], gone: list[Any]) -> None:
        from annotation.models import Assignment
        from benchmarks._rows import insert

        taken = self.now - timedelta(hours=5)
        insert(
            Assignment,
            ["id", "question_id", "person_id", "state", "leased_at", "lease_until"],
            ((self._id(), ids[row], gone[place % len(gone)].pk, "leased", taken,
              taken + timedelta(seconds=600 + place % 3600))
             for place, row in enumerate(held)),
        )  # fmt: skip

    def _gold(
        self, collection: Collection, campaign: Campaign, targets: list[TaxonomyClass]
    ) -> None:
        from annotation.actions.plant_gold import PLACES
        from annotation.models import GoldAnswer, Question
        from consonance.catalog.models import Clip

        number = self.wanted.gold
        spare = Clip.objects.order_by("-track__track_no").values_list("pk", flat=True)
        clips = list(spare[:number])
        questions = [
            Question(
                id=pk,
                campaign=campaign,
                clip_id=clip,
                target=targets[place % len(targets)],
                is_gold=True,
                wanted=PLACES,
                free=PLACES,
                priority=int(self.rng.integers(1 << 31)),
            )
            for place, (pk, clip) in enumerate(zip(self._ids(number), clips, strict=True))
        ]
        Question.objects.bulk_create(questions)
        GoldAnswer.objects.bulk_create(
            GoldAnswer(
                id=self._id(),
                collection=collection,
                clip_id=clip,
                target=question.target,
                truth="present" if is_present(question.pk) else "absent",
                source=GoldAnswer.Source.RENDERED,
                is_quiz=True,
            )
            for question, clip in zip(questions, clips, strict=True)
        )

    def _work(
        self, campaigns: list[Campaign], people: list[Any], targets: list[TaxonomyClass]
    ) -> None:
        from annotation.models import Workload

        first, heavy = campaigns[0], self.wanted.heavy
        Workload.objects.bulk_create(
            Workload(
                campaign=first,
                person=person,
                answered=heavy if place == 0 else 0,
                target=targets[0] if place == 0 and heavy else None,
                welcomed_at=self.before,
            )
            for place, person in enumerate(people)
        )

    def _id(self) -> UUID:
        return self._ids(1)[0]

    def _ids(self, number: int) -> list[UUID]:
        drawn = self.rng.bytes(16 * number)
        return [
            UUID(bytes=drawn[start : start + 16], version=4) for start in range(0, 16 * number, 16)
        ]


def _signed_in(person: Any) -> dict[str, str]:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from rest_framework.authtoken.models import Token

    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.set_expiry(timedelta(days=3650))  # the data may be kept
    session.create()
    token = Token.objects.create(user=person, key=secrets.token_hex(20))
    return {"id": str(person.pk), "session": str(session.session_key), "token": token.key}


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


def _settle() -> None:
    """Let the planner know the tables, as a server's own housekeeping would have by then."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def main(words: list[str]) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    made = _Maker(Wanted(**json.loads(words[0]))).make()
    _settle()
    print(json.dumps(asdict(made)))


if __name__ == "__main__":
    main(sys.argv[1:])
