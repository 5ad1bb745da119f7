"""Curators' verdicts: kept, taken back by another, and heard by splits and releases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consonance.errors import NotAllowedError, ParameterError
from consonance.jobs.context import JobContext
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role, Scope
from splits.actions.build_release import build_release
from splits.actions.decide_pair import decide_pair
from splits.actions.find_duplicates import find_duplicates
from splits.models import DuplicatePair, DuplicateScan, DuplicateVerdict, Release
from splits.recipes import DUPLICATE_POLICIES
from tests.factories import (
    DuplicatePairFactory,
    DuplicateScanFactory,
    MembershipFactory,
    UserFactory,
    annotator,
    curator,
)
from tests.splits.conftest import COPY, N_SONGS, Archive, partition_of, recipe

pytestmark = pytest.mark.django_db


class TestVerdicts:
    def test_a_verdict_is_added_and_recorded(self) -> None:
        pair, person = DuplicatePairFactory(), curator()
        verdict = decide_pair(pair=pair, says="same", note="the same take", actor=person)
        assert (verdict.first, verdict.second) == (pair.first, pair.second)
        entry = AuditEntry.objects.get(action="decide_pair")
        assert entry.actor == person
        assert (entry.detail["says"], entry.detail["before"]) == ("same", "")

    def test_undoing_is_another_verdict_and_nothing_is_lost(self) -> None:
        pair = DuplicatePairFactory()
        for says in ("same", "unsure", "same"):
            decide_pair(pair=pair, says=says)
        told = [row.says for row in DuplicateVerdict.objects.order_by("pk")]
        assert told == ["same", "unsure", "same"]
        assert AuditEntry.objects.filter(action="decide_pair").count() == 3

    def test_saying_the_same_twice_is_saying_it_once(self) -> None:
        pair, person = DuplicatePairFactory(), curator()
        first = decide_pair(pair=pair, says="different", actor=person)
        assert decide_pair(pair=pair, says="different", actor=person) == first
        # Somebody else's agreement is a word of its own.
        assert decide_pair(pair=pair, says="different", actor=curator()) != first

    def test_only_a_curator_of_that_collection_decides(self) -> None:
        pair = DuplicatePairFactory()
        elsewhere, here = UserFactory(), UserFactory()
        other = DuplicateScanFactory()
        MembershipFactory(
            person=elsewhere, role=Role.CURATOR, scope=Scope.COLLECTION,
            scope_id=other.collection_id,
        )  # fmt: skip
        MembershipFactory(
            person=here, role=Role.CURATOR, scope=Scope.COLLECTION,
            scope_id=pair.scan.collection_id,
        )  # fmt: skip
        for person in (annotator(), elsewhere):
            with pytest.raises(NotAllowedError):
                decide_pair(pair=pair, says="same", actor=person)
        assert decide_pair(pair=pair, says="same", actor=here).person == here

    @pytest.mark.parametrize("kind", ["bytes", "pcm"])
    def test_equal_samples_are_the_same_whatever_is_said(self, kind: str) -> None:
        pair = DuplicatePairFactory(kind=kind)
        for says in ("different", "unsure"):
            with pytest.raises(ParameterError, match="samples of these two clips are equal"):
                decide_pair(pair=pair, says=says)

    def test_ill_formed_verdicts_are_refused(self) -> None:
        pair = DuplicatePairFactory()
        with pytest.raises(ParameterError, match="'maybe' is no verdict"):
            decide_pair(pair=pair, says="maybe")
        with pytest.raises(ParameterError, match="501 characters"):
            decide_pair(pair=pair, says="same", note="x" * 501)
        assert not DuplicateVerdict.objects.exists()


@pytest.fixture
def with_copy(make_archive: Callable[..., Archive]) -> Archive:
    """Return ten songs and another encoding of the first."""
    return make_archive([*range(N_SONGS), COPY])


def said(archive: Archive, says: str, one: int = 0, other: int = -1) -> None:
    """Let a curator say something of two clips."""
    first, second = DuplicatePair.ordered(archive.clips[one].pk, archive.clips[other].pk)
    DuplicateVerdict.objects.create(
        collection=archive.collection, first_id=first, second_id=second, says=says
    )


def built(archive: Archive, context: JobContext, **fields: Any) -> tuple[dict[int, str], Any]:
    build_release(labels=archive.labels(), recipe=recipe(**fields), context=context)
    release = Release.objects.get()
    return partition_of(archive, release), release.manifest["provenance"]["duplicates"]


class TestReleases:
    def test_keep_one_leaves_one_of_verified_copies(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        placed, told = built(with_copy, context)
        assert set(placed) == set(range(N_SONGS))
        assert (told["verified"], told["dropped"], told["policy"]) == (1, 1, "keep_one")

    def test_drop_leaves_none_of_them(self, with_copy: Archive, context: JobContext) -> None:
        placed, told = built(with_copy, context, duplicates="drop")
        assert set(placed) == set(range(1, N_SONGS))
        assert (told["dropped"], told["policy"]) == (2, "drop")

    def test_keep_together_keeps_all_in_one_partition(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        placed, told = built(with_copy, context, duplicates="keep_together")
        assert len(placed) == N_SONGS + 1
        assert placed[0] == placed[COPY]
        assert told["dropped"] == 0

    @pytest.mark.parametrize("policy", DUPLICATE_POLICIES)
    def test_a_pair_nobody_can_tell_is_kept_whole_in_one_partition_by_every_policy(
        self, with_copy: Archive, context: JobContext, policy: str
    ) -> None:
        said(with_copy, "unsure")
        placed, told = built(with_copy, context, duplicates=policy)
        assert len(placed) == N_SONGS + 1
        assert placed[0] == placed[COPY]
        assert (told["pairs"], told["verified"], told["dropped"]) == (1, 0, 0)

    def test_what_is_said_to_differ_is_no_pair_any_more(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        said(with_copy, "different")
        placed, told = built(with_copy, context)
        assert len(placed) == N_SONGS + 1
        assert (told["pairs"], told["dropped"]) == (0, 0)

    def test_what_is_said_to_be_the_same_is_left_out_though_nothing_measured_it(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        said(with_copy, "same", 3, 4)
        placed, told = built(with_copy, context)
        assert set(placed) == set(range(N_SONGS)) - {4}
        assert (told["verified"], told["by_people_alone"], told["dropped"]) == (2, 1, 2)

    def test_the_newest_word_holds(self, with_copy: Archive, context: JobContext) -> None:
        for says in ("different", "unsure", "same"):
            said(with_copy, says)
        placed, told = built(with_copy, context)
        assert len(placed) == N_SONGS
        assert told["verified"] == 1

    def test_another_collections_word_counts_for_nothing_here(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        other = DuplicateScanFactory()
        first, second = DuplicatePair.ordered(with_copy.clips[0].pk, with_copy.clips[-1].pk)
        DuplicateVerdict.objects.create(
            collection=other.collection, first_id=first, second_id=second, says="different"
        )
        _, told = built(with_copy, context)
        assert told["verified"] == 1


def test_a_verdict_holds_in_the_next_scan(with_copy: Archive, context: JobContext) -> None:
    find_duplicates(collection=with_copy.collection, context=context)
    decide_pair(pair=DuplicatePair.objects.get(), says="unsure")
    DuplicateScan.objects.all().delete()
    told = find_duplicates(collection=with_copy.collection, context=context)
    assert (told["pairs"], told["verified"], told["doubtful"]) == (1, 0, 1)
