"""From frozen tables to a published release, or to nothing at all."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from candidates.scoring.shards import TrackScores, write_shard
from consonance.catalog.models import Clip, FrozenTableRow, Track
from consonance.errors import ParameterError, ReleaseError, StateError
from consonance.jobs.context import JobContext
from consonance.ledger.models import AuditEntry
from splits.actions.build_release import build_release
from splits.models import Release, ReleaseClip, SplitPlan
from splits.release import BreachedContractError, load, verify_release
from tests.factories import (
    CandidateFactory,
    ClassFactory,
    SamplingRoundFactory,
    ScoreSetFactory,
    curator,
)
from tests.splits.conftest import (
    COPY,
    N_ARTISTS,
    N_SONGS,
    Archive,
    flip_a_byte,
    partition_of,
    recipe,
    tree,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def releases(house: Path) -> Path:
    """Return the folder that releases lie in."""
    return house / "releases"


def left_behind(releases: Path) -> list[str]:
    return sorted(path.name for path in releases.iterdir()) if releases.exists() else []


def test_a_release_is_built_verified_packed_and_published(
    archive: Archive, context: JobContext
) -> None:
    labels, person = archive.labels(), curator()
    result = build_release(labels=labels, recipe=recipe(), context=context, actor=person)
    release = Release.objects.get()
    assert str(release.pk) == result["release"]
    assert result["clips"] == release.clips.count() == N_SONGS
    assert verify_release(release.folder).ok
    assert release.verification["ok"]
    assert release.is_simulated
    assert release.published_by == person
    assert release.labels == labels
    assert release.figures["clips"] == N_SONGS
    assert release.figures["licences"] == {"CC-BY-4.0": N_SONGS}
    assert release.figures["classes"]["banjo"]["present"] == N_SONGS // 2
    manifest = json.loads((release.folder / "manifest.json").read_bytes())
    assert release.manifest == manifest
    assert manifest["inputs"]["labels"] == labels.sha256
    assert manifest["contract"]["min_positives"] == 3
    kinds = FrozenTableRow.objects.filter(collection=archive.collection)
    assert {row.kind for row in kinds} >= {"clips", "labels", "ratings", "groups", "splits"}
    entry = AuditEntry.objects.get(action="build_release")
    assert (entry.object_id, entry.actor) == (str(release.pk), person)
    data = load(release.folder)
    assert data.y.shape == (N_SONGS, 2)
    assert (data.y == 1).sum() == N_SONGS
    placed = partition_of(archive, release)
    assert set(placed.values()) == {"train", "validation", "test"}
    for song in range(N_ARTISTS):  # an artist has two songs, never in two partitions
        assert placed[song] == placed[song + N_ARTISTS]


def test_the_archive_is_the_folder_and_the_rows_are_its_labels(
    archive: Archive, context: JobContext, tmp_path: Path
) -> None:
    build_release(labels=archive.labels(), recipe=recipe(), context=context)
    release = Release.objects.get()
    assert release.archive_bytes == release.archive.stat().st_size
    with tarfile.open(release.archive) as tar:
        members = tar.getmembers()
        tar.extractall(tmp_path / "out", filter="data")
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 0)}
    assert tree(tmp_path / "out" / release.folder.name) == tree(release.folder)
    assert verify_release(tmp_path / "out" / release.folder.name).ok
    for number, clip in enumerate(archive.clips):
        row = ReleaseClip.objects.get(clip=clip)
        heard, unheard = ("banjo", "organ") if number % 2 == 0 else ("organ", "banjo")
        assert (row.present, row.absent) == ([heard], [unheard])
        assert row.sample_key == clip.sample_key


def test_a_release_that_breaks_its_contract_is_refused_and_leaves_nothing(
    archive: Archive, context: JobContext, releases: Path
) -> None:
    with pytest.raises(BreachedContractError) as caught:
        build_release(
            labels=archive.labels(),
            recipe=recipe(min_positives=6, min_labels=11),
            context=context,
        )
    told = str(caught.value)
    for name in ("banjo", "organ"):
        assert f"{name} has 5 of 6 positives: 1 more needed." in told
        assert f"{name} has 10 of 11 labels: 1 more needed." in told
    assert caught.value.exit_code == 7
    assert left_behind(releases) == []
    assert not Release.objects.exists()
    assert not SplitPlan.objects.exists()
    assert not AuditEntry.objects.filter(action="build_release").exists()


def test_simulated_ratings_force_their_mark_into_the_name(
    archive: Archive, context: JobContext, releases: Path
) -> None:
    with pytest.raises(BreachedContractError, match="call it attic-simulated"):
        build_release(labels=archive.labels(), recipe=recipe(name="attic"), context=context)
    assert left_behind(releases) == []
    build_release(labels=archive.labels(), recipe=recipe(), context=context)
    manifest = Release.objects.get().manifest
    assert manifest["name"] == "attic-simulated"
    assert manifest["simulated"] is True


def test_real_ratings_may_not_carry_that_mark(archive: Archive, context: JobContext) -> None:
    labels = archive.labels(simulated=False)
    with pytest.raises(BreachedContractError, match="no rating of a simulated person"):
        build_release(labels=labels, recipe=recipe(), context=context)
    build_release(labels=labels, recipe=recipe(name="attic"), context=context)
    assert not Release.objects.get().is_simulated


def test_the_same_inputs_are_published_once(archive: Archive, context: JobContext) -> None:
    labels = archive.labels()
    first = build_release(labels=labels, recipe=recipe(), context=context)
    before = tree(Path(first["folder"]))
    again = build_release(labels=labels, recipe=recipe(), context=context)
    assert again["release"] == first["release"]
    assert "published before" in again["summary"]
    assert tree(Path(first["folder"])) == before
    assert Release.objects.count() == SplitPlan.objects.count() == 1


def test_a_published_name_and_version_is_never_built_again_from_anything_else(
    archive: Archive, context: JobContext
) -> None:
    labels = archive.labels()
    folder = Path(build_release(labels=labels, recipe=recipe(), context=context)["folder"])
    before = tree(folder)
    changes: list[dict[str, Any]] = [{"seed": 4}, {"min_positives": 2}, {"title": "Another"}]
    for change in changes:
        with pytest.raises(StateError, match="never overwritten: raise the version"):
            build_release(labels=labels, recipe=recipe(**change), context=context)
    turned = archive.labels(
        decisions=lambda clip, column: ("absent", "present")[(clip + column) % 2]
    )
    with pytest.raises(StateError, match="raise the version"):
        build_release(labels=turned, recipe=recipe(), context=context)
    assert tree(folder) == before
    assert Release.objects.count() == 1
    build_release(labels=turned, recipe=recipe(version="2.0.0"), context=context)
    assert Release.objects.count() == 2


def test_the_same_tables_make_the_same_archive_in_another_installation(
    archive: Archive, context: JobContext, tmp_path: Path, settings: Any
) -> None:
    labels = archive.labels()
    build_release(labels=labels, recipe=recipe(), context=context)
    first = Release.objects.get()
    digest = first.archive_sha256
    first.clips.all().delete()
    first.delete()
    settings.RELEASES_ROOT = tmp_path / "elsewhere"
    build_release(labels=labels, recipe=recipe(), context=context)
    assert Release.objects.get().archive_sha256 == digest


class TestDuplicates:
    @pytest.fixture
    def with_copy(self, make_archive: Callable[..., Archive]) -> Archive:
        return make_archive(range(N_SONGS + 1))

    def test_of_two_copies_one_is_left_out(self, with_copy: Archive, context: JobContext) -> None:
        build_release(labels=with_copy.labels(), recipe=recipe(), context=context)
        release = Release.objects.get()
        placed = partition_of(with_copy, release)
        assert 0 in placed
        assert COPY not in placed
        assert len(placed) == N_SONGS
        told = release.manifest["provenance"]["duplicates"]
        assert (told["pairs"], told["verified"], told["dropped"]) == (1, 1, 1)

    def test_or_both_are_kept_in_one_partition_with_all_their_artists_do(
        self, with_copy: Archive, context: JobContext
    ) -> None:
        build_release(
            labels=with_copy.labels(), recipe=recipe(duplicates="keep_together"), context=context
        )
        placed = partition_of(with_copy, Release.objects.get())
        assert len(placed) == N_SONGS + 1
        # The copycat's clip ties the copycat to artist 0, and so to artist 0's other song.
        assert placed[COPY] == placed[0] == placed[N_ARTISTS]

    def test_clips_of_copied_recordings_stay_together_though_they_share_no_sound(
        self, make_archive: Callable[..., Archive], context: JobContext, sounds: list[Any]
    ) -> None:
        made = make_archive(range(N_SONGS + 1), at_hand=True)
        # The copycat's clip is now another sound, but the recording behind it is still song 0.
        other = sounds[5].clip
        copied = made.clips[COPY]
        Clip.objects.filter(pk=copied.pk).update(
            audio_sha256=other.sha256, pcm_sha256="f" * 64, audio_bytes=len(other.ogg)
        )
        Clip.objects.filter(pk=made.clips[5].pk).update(is_withdrawn=True)
        build_release(labels=made.labels(), recipe=recipe(), context=context)
        placed = partition_of(made, Release.objects.get())
        assert placed[COPY] == placed[0]
        assert 5 not in placed


class TestAfterAFailure:
    def test_a_disk_that_is_full_while_packing_leaves_no_release_and_a_second_run_completes(
        self, archive: Archive, context: JobContext, releases: Path, monkeypatch: Any
    ) -> None:
        labels = archive.labels()

        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(tarfile.TarFile, "addfile", full)
            with pytest.raises(OSError, match="No space left"):
                build_release(labels=labels, recipe=recipe(), context=context)
        assert not Release.objects.exists()
        assert [name for name in left_behind(releases) if "tar" in name or "part" in name] == []
        build_release(labels=labels, recipe=recipe(), context=context)
        release = Release.objects.get()
        assert verify_release(release.folder).ok
        assert left_behind(releases) == [release.folder.name, release.archive.name]

    def test_a_run_that_died_before_the_row_was_written_is_completed(
        self, archive: Archive, context: JobContext, releases: Path
    ) -> None:
        labels = archive.labels()
        build_release(labels=labels, recipe=recipe(), context=context)
        release = Release.objects.get()
        before = tree(release.folder)
        # What a kill between the folder and the row leaves.
        release.clips.all().delete()
        release.delete()
        SplitPlan.objects.all().delete()
        (releases / "attic-simulated-1.0.0.tar").unlink()
        build_release(labels=labels, recipe=recipe(), context=context)
        again = Release.objects.get()
        assert tree(again.folder) == before
        assert again.archive.is_file()

    def test_what_it_left_is_never_published_unseen(
        self, archive: Archive, context: JobContext, releases: Path
    ) -> None:
        labels = archive.labels()
        build_release(labels=labels, recipe=recipe(), context=context)
        release = Release.objects.get()
        release.clips.all().delete()
        release.delete()
        flip_a_byte(next((releases / "attic-simulated-1.0.0").rglob("*.ogg")))
        with pytest.raises(ReleaseError, match="The verifier refused"):
            build_release(labels=labels, recipe=recipe(), context=context)
        assert not Release.objects.exists()

    def test_a_clip_that_is_gone_from_the_store_is_named_and_nothing_is_published(
        self, archive: Archive, context: JobContext, releases: Path
    ) -> None:
        lost = archive.clips[3]
        default_storage.delete(lost.audio_name)
        with pytest.raises(Exception, match=r"\w") as caught:
            build_release(labels=archive.labels(), recipe=recipe(), context=context)
        assert hasattr(caught.value, "exit_code"), f"no sentence of ours: {caught.value!r}"
        assert lost.sample_key in str(caught.value) or lost.audio_sha256 in str(caught.value)
        assert left_behind(releases) == []
        assert not Release.objects.exists()

    def test_an_altered_clip_is_found_and_named(
        self, archive: Archive, context: JobContext, releases: Path
    ) -> None:
        clip = archive.clips[3]
        flip_a_byte(Path(default_storage.path(clip.audio_name)), 40_000)
        with pytest.raises(BreachedContractError, match=clip.sample_key):
            build_release(labels=archive.labels(), recipe=recipe(), context=context)
        assert not (releases / "attic-simulated-1.0.0").exists()

    def test_a_table_that_was_altered_is_refused(
        self, archive: Archive, context: JobContext
    ) -> None:
        labels = archive.labels()
        flip_a_byte(labels.open().path, 200)
        with pytest.raises(StateError, match="was altered"):
            build_release(labels=labels, recipe=recipe(), context=context)


class TestWhatIsLeftOut:
    def test_clips_under_a_licence_that_forbids_cutting_and_the_reason_is_published(
        self, archive: Archive, context: JobContext
    ) -> None:
        Track.objects.filter(track_no=3).update(licence_spdx="CC-BY-NC-ND-4.0")
        build_release(labels=archive.labels(), recipe=recipe(), context=context)
        release = Release.objects.get()
        assert 2 not in partition_of(archive, release)
        assert release.manifest["provenance"]["left_out"] == {"licence CC-BY-NC-ND-4.0": 1}

    def test_unless_the_release_is_for_inside_the_house(
        self, archive: Archive, context: JobContext
    ) -> None:
        Track.objects.filter(track_no=3).update(
            licence_spdx="LicenseRef-unknown", track_url="", licence_url=""
        )
        build_release(labels=archive.labels(), recipe=recipe(any_licence=True), context=context)
        release = Release.objects.get()
        assert 2 in partition_of(archive, release)
        assert release.manifest["contract"]["require_attribution"] is False

    def test_clips_that_cannot_be_credited(self, archive: Archive, context: JobContext) -> None:
        Track.objects.filter(track_no=3).update(track_url="")
        build_release(labels=archive.labels(), recipe=recipe(), context=context)
        release = Release.objects.get()
        assert 2 not in partition_of(archive, release)
        assert release.manifest["provenance"]["left_out"] == {"no full attribution": 1}

    def test_classes_that_the_curator_leaves_out(
        self, archive: Archive, context: JobContext
    ) -> None:
        labels = archive.labels()
        first, *others = sorted(set(labels.open().read().column("class_name").to_pylist()))
        build_release(labels=labels, recipe=recipe(leave_out=(first,)), context=context)
        assert Release.objects.get().manifest["classes"] == others

    def test_a_class_to_leave_out_that_is_not_there_is_refused(
        self, archive: Archive, context: JobContext
    ) -> None:
        with pytest.raises(ParameterError, match="no such class"):
            build_release(
                labels=archive.labels(), recipe=recipe(leave_out=("theremin",)), context=context
            )
        assert not Release.objects.exists()

    def test_clips_that_were_withdrawn(self, archive: Archive, context: JobContext) -> None:
        Clip.objects.filter(pk=archive.clips[7].pk).update(is_withdrawn=True)
        build_release(labels=archive.labels(), recipe=recipe(), context=context)
        assert 7 not in partition_of(archive, Release.objects.get())

    def test_clips_that_nobody_agrees_on(self, archive: Archive, context: JobContext) -> None:
        labels = archive.labels(
            decisions=lambda clip, column: (
                "undecided" if clip == 4 else ("present", "absent")[(clip + column) % 2]
            )
        )
        build_release(labels=labels, recipe=recipe(), context=context)
        assert 4 not in partition_of(archive, Release.objects.get())


def test_labels_without_a_decision_make_no_release(archive: Archive, context: JobContext) -> None:
    labels = archive.labels(decisions=lambda clip, column: "undecided")
    with pytest.raises(StateError, match="No clip has a decided label yet"):
        build_release(labels=labels, recipe=recipe(), context=context)


def test_labels_that_do_not_say_where_they_come_from_are_refused(
    archive: Archive, context: JobContext
) -> None:
    table = archive.labels().open().read()
    orphan = archive.freeze(table, "labels", method="none")
    with pytest.raises(StateError, match="does not say which ratings"):
        build_release(labels=orphan, recipe=recipe(), context=context)


@pytest.mark.parametrize("whole", [False, True])
def test_albums_are_kept_whole_on_request(
    make_archive: Callable[..., Archive], context: JobContext, whole: bool
) -> None:
    archive = make_archive()
    tracks = [clip.track for clip in archive.clips]
    for place, track in enumerate(tracks):
        # Half of all artists stand on one album, the others on none that is known.
        track.album_key = "compilation" if place % 5 < 3 else ""
        track.save()
    labels = archive.labels()
    build_release(labels=labels, recipe=recipe(whole_albums=whole), context=context)
    where = partition_of(archive, Release.objects.get())
    of_album = {where[track.track_no - 1] for track in tracks if track.album_key}
    assert (len(of_album) == 1) == whole
    assert len(set(where.values())) > 1


def test_a_class_that_one_artist_alone_has_is_told(archive: Archive, context: JobContext) -> None:
    labels = archive.labels(
        decisions=lambda clip, column: "present" if column or clip % 5 == 0 else "absent"
    )
    build_release(labels=labels, recipe=recipe(min_positives=1, min_labels=1), context=context)
    told = [event.text for event in context.job.events.filter(level="warning")]
    assert any("banjo" in text for text in told), told


def test_shares_that_do_not_add_up_are_refused(archive: Archive, context: JobContext) -> None:
    with pytest.raises(ParameterError, match="1"):
        build_release(
            labels=archive.labels(),
            recipe=recipe(shares={"train": 0.6, "validation": 0.3, "test": 0.3}),
            context=context,
        )


def test_how_the_clips_were_drawn_is_told_and_their_embeddings_ship(
    archive: Archive, context: JobContext, house: Path
) -> None:
    import numpy as np

    score_set = ScoreSetFactory(
        collection=archive.collection,
        detector__provenance={"weights": "small.npz"},
        detector__is_fallback=True,
    )
    rng = np.random.default_rng(0)
    write_shard(
        score_set.folder / "shard-00000.parquet",
        [
            TrackScores(
                track_no=clip.track.track_no,
                start_ms=np.zeros(1, np.int64),
                likelihood=rng.random((1, 2), dtype=np.float32),
                embedding=rng.standard_normal((1, 24)).astype(np.float32),
            )
            for clip in archive.clips
        ],
        classes=("banjo", "organ"),
        embedding_dim=24,
        recipe={},
    )
    drawn = SamplingRoundFactory(score_set=score_set, recipe={"seed": 5, "per_class": 8})
    targets = [
        ClassFactory(taxonomy=score_set.detector.taxonomy, name=name) for name in ("banjo", "organ")
    ]
    for number, clip in enumerate(archive.clips):
        CandidateFactory(round=drawn, clip=clip, target=targets[number % 2])
    build_release(labels=archive.labels(), recipe=recipe(), context=context)
    release = Release.objects.get()
    told = release.manifest["provenance"]
    assert told["rounds"] == [{"seed": 5, "per_class": 8}]
    assert told["detector"]["is_fallback"] is True
    assert told["detector"]["weights"] == "small.npz"
    with np.load(next(release.folder.glob("attic-simulated.npz")), allow_pickle=False) as stored:
        assert stored["X"].shape == (N_SONGS, 10, 128)
        assert stored["X"].dtype == np.uint8
