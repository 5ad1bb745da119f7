from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from dedup_songs import cut, song, write

from consonance.errors import IngestError, ParameterError, StateError
from splits.dedup import Settings, compare, find_duplicates, fingerprint

STRANGERS = tuple(f"song{seed}" for seed in range(8))


def search(prints, names, **options):
    return compare([prints[name] for name in names], **options)


def test_strangers_are_not_linked(prints):
    found = search(prints, STRANGERS)
    assert found.pairs.shape == (0, 2)
    assert found.group.tolist() == list(range(8))
    assert not found.drop.any()
    assert found.expected_false_edges <= 1
    assert found.largest_group == 1


@pytest.mark.parametrize(
    "copy",
    ["re-encoded.mp3", "re-encoded.ogg", "louder.wav", "later.wav", "odd.wav", "slow rate.wav"],
)
def test_a_changed_copy_is_found_verified_and_dropped(prints, copy):
    names = [*STRANGERS, copy]
    found = search(prints, names)
    assert found.pairs.tolist() == [[0, 8]]
    assert found.kind.tolist() == ["near"]
    assert found.verified.tolist() == [True]
    assert found.group.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert np.flatnonzero(found.drop).tolist() == [8]


@pytest.mark.parametrize(("copy", "lag"), [("later.wav", 0.5), ("odd.wav", -0.37)])
def test_the_offset_of_a_copy_is_told(prints, copy, lag):
    found = search(prints, [*STRANGERS, copy])
    assert found.lag_s[0] == pytest.approx(lag, abs=1 / 64)
    turned = search(prints, [copy, *STRANGERS])
    assert turned.lag_s[0] == pytest.approx(-lag, abs=1 / 64)


def test_equal_bytes_and_equal_samples_are_told_apart(prints):
    found = search(prints, [*STRANGERS, "same bytes.wav", "lossless.flac"])
    assert found.pairs.tolist() == [[0, 8], [0, 9]]
    assert found.kind.tolist() == ["exact_bytes", "exact_pcm"]
    assert found.score.tolist() == [1.0, 1.0]
    assert found.verified.all()


def test_all_copies_of_a_song_make_one_group_and_one_is_kept(prints):
    found = search(prints, list(prints))
    song0 = [index for index, name in enumerate(prints) if not name.startswith("song")]
    assert set(found.group[[0, *song0]]) == {0}
    assert np.flatnonzero(found.drop).tolist() == song0
    assert len(set(found.group)) == 8
    assert set(found.weakest) == {0}
    assert found.score[found.weakest[0]] == pytest.approx(found.score.min(), abs=0.05)


def test_a_few_recordings_are_enough(prints):
    found = search(prints, ["song0", "song1", "re-encoded.mp3"])
    assert found.pairs.tolist() == [[0, 2]]
    assert found.verified.all()


def test_another_mix_is_doubtful_and_keeps_both_in_one_group(prints, tmp_path):
    mixed = 0.5 * cut(song(0), 2) + 0.5 * cut(song(20), 2)
    mix = fingerprint(write(tmp_path / "mix.wav", mixed))
    found = compare([*(prints[name] for name in STRANGERS), mix])
    assert found.pairs.tolist() == [[0, 8]]
    assert found.verified.tolist() == [False]
    assert found.group[0] == found.group[8]
    assert not found.drop.any()


def test_an_excerpt_within_a_whole_recording_is_found(prints, tmp_path):
    whole = fingerprint(write(tmp_path / "whole.wav", song(0, 14.0)))
    long = np.concatenate([song(30, 11.0), song(0), song(31, 12.0)])
    hidden = fingerprint(write(tmp_path / "hidden.wav", long))
    names = [prints[name] for name in STRANGERS[1:]]
    found = compare([whole, hidden, *names])
    assert found.pairs.tolist() == [[0, 1]]
    assert found.lag_s[0] == pytest.approx(-11.0, abs=1 / 32)
    assert found.overlap[0] > 0.95
    assert found.verified.all()


def test_the_order_of_the_files_does_not_matter_when_they_have_keys(prints):
    names = list(prints)
    found = search(prints, names, keys=names)
    order = np.random.default_rng(0).permutation(len(names))
    mixed = [names[index] for index in order]
    again = search(prints, mixed, keys=mixed)
    assert again.thresholds == found.thresholds

    def named(report, listed):
        return {
            (*sorted((listed[one], listed[two])), kind, round(float(score), 12), bool(verified))
            for (one, two), kind, score, verified in zip(
                report.pairs, report.kind, report.score, report.verified, strict=True
            )
        }

    assert named(again, mixed) == named(found, names)
    dropped = {names[index] for index in np.flatnonzero(found.drop)}
    assert {mixed[index] for index in np.flatnonzero(again.drop)} == dropped
    kept_apart = {frozenset(np.array(names)[found.group == g]) for g in set(found.group)}
    assert {frozenset(np.array(mixed)[again.group == g]) for g in set(again.group)} == kept_apart


def test_the_same_files_give_the_same_report(prints):
    first, second = (search(prints, list(prints)) for _ in range(2))
    for name in ("pairs", "score", "similarity", "group", "drop"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert first.thresholds == second.thresholds


def test_clips_of_one_recording_are_not_compared(prints):
    names = [*STRANGERS, "later.wav"]
    found = search(prints, names, recording=[*STRANGERS, "song0"])
    assert found.pairs.shape == (0, 2)
    assert found.n_compared == 9 * 8 // 2 - 1


def test_too_short_files_are_compared_by_hash_only(tmp_path):
    short = write(tmp_path / "short.wav", cut(song(0), 0, 5))
    same = write(tmp_path / "same.flac", cut(song(0), 0, 5))
    other = write(tmp_path / "other.ogg", cut(song(0), 0, 5))
    found = find_duplicates([short, same, other])
    assert found.not_compared.tolist() == [0, 1, 2]
    assert found.pairs.tolist() == [[0, 1]]
    assert found.kind.tolist() == ["exact_pcm"]
    assert found.threshold == 1.0
    assert found.n_aligned == 0


def test_silence_of_different_length_is_nobodys_duplicate(prints, tmp_path):
    one = write(tmp_path / "one.wav", np.zeros(22_050 * 11, np.float32))
    two = write(tmp_path / "two.wav", np.zeros(22_050 * 12, np.float32))
    silent = [fingerprint(one), fingerprint(two)]
    found = compare([*(prints[name] for name in STRANGERS), *silent])
    assert found.pairs.shape == (0, 2)


def test_a_steady_tone_does_not_attract_others(prints, tmp_path):
    time = np.arange(22_050 * 10) / 22_050
    tones = []
    for pitch in (440, 523, 880):
        sound = (0.3 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
        tones.append(fingerprint(write(tmp_path / f"{pitch}.wav", sound)))
    found = compare([*(prints[name] for name in STRANGERS), *tones])
    assert not found.verified.any()
    assert not (found.pairs < 8).any()


def test_the_curve_says_what_other_thresholds_would_give(prints):
    found = search(prints, list(prints))
    assert (np.diff(found.curve.threshold) > 0).all()
    assert (np.diff(found.curve.expected_false_edges) <= 0).all()
    assert (np.diff(found.curve.edges) <= 0).all()
    assert found.curve.largest_group[0] >= found.curve.largest_group[-1]
    nearest = np.searchsorted(found.curve.threshold, found.threshold)
    assert found.curve.expected_false_edges[nearest] <= found.settings.expected_false_edges


def test_fewer_false_edges_need_a_higher_threshold(prints):
    strict = search(prints, STRANGERS, settings=Settings(expected_false_edges=0.001))
    loose = search(prints, STRANGERS, settings=Settings(expected_false_edges=1))
    for channel, threshold in strict.thresholds.items():
        assert threshold > loose.thresholds[channel]


def test_a_known_hash_of_the_samples_is_taken_over(archive):
    paths = [archive["song0"], archive["song1"]]
    found = find_duplicates(paths, pcm_sha256=["abc", "abc"])
    assert found.kind.tolist() == ["exact_pcm"]


def test_progress_is_told_and_a_stop_is_heard(archive):
    paths = [archive[name] for name in ("song0", "song1", "later.wav")]
    told = []
    find_duplicates(paths, progress=lambda *step: told.append(step))
    assert told[:3] == [(1, 3, "fingerprints"), (2, 3, "fingerprints"), (3, 3, "fingerprints")]
    assert told[-1][2] == "alignments"
    assert told[-1][0] == told[-1][1]
    with pytest.raises(StateError, match="after 0 of 3"):
        find_duplicates(paths, should_stop=lambda: True)


def test_no_file_and_one_file_have_no_duplicates(prints):
    assert compare([]).group.tolist() == []
    assert compare([prints["song0"]]).group.tolist() == [0]


def test_a_file_that_is_no_audio_is_named(archive, tmp_path):
    bad = tmp_path / "page.mp3"
    bad.write_text("<html>404</html>")
    with pytest.raises(IngestError, match=r"page\.mp3"):
        find_duplicates([archive["song0"], bad])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keys": ["a"]}, "keys has 1 entries for 2 files"),
        ({"keys": ["a", "a"]}, "'a' stands twice"),
        ({"artist": ["a"]}, "artist has 1 entries"),
        ({"recording": []}, "recording has 0 entries"),
    ],
)
def test_ill_formed_requests_are_refused(archive, options, words):
    with pytest.raises(ParameterError, match=words):
        find_duplicates([archive["song0"], archive["song1"]], **options)


@pytest.mark.realdata
@pytest.mark.slow
def test_the_planted_duplicates_of_the_real_archive_are_found_and_nothing_else(test_data):
    """Three re-encoded tracks, one with its first half second cut off; 249 is a mix of 286."""
    root = test_data / "music"
    with (root / "planted.csv").open() as file:
        planted = {
            frozenset((int(row["track_id"]), int(row["of_track_id"])))
            for row in csv.DictReader(file)
            if row["kind"] == "duplicate"
        }
    assert len(planted) == 3
    wanted = {249, 286, *(track for pair in planted for track in pair)}
    unusable = {5111, 5148, 5185}
    every = {int(path.stem): path for path in sorted((root / "fma_mini").rglob("*.mp3"))}
    others = [track for track in every if track not in wanted | unusable and track < 5000]
    tracks = sorted([*wanted, *others[::3]])
    found = find_duplicates(
        [every[track] for track in tracks], keys=[f"{track:06d}" for track in tracks]
    )
    edges = {
        frozenset((tracks[one], tracks[two])): bool(verified)
        for (one, two), verified in zip(found.pairs, found.verified, strict=True)
    }
    assert {pair for pair, verified in edges.items() if verified} == planted
    assert set(edges) - planted <= {frozenset((249, 286))}
    assert {tracks[row] for row in np.flatnonzero(found.drop)} == {5003, 5077, 6021}
    half_second = [
        abs(lag)
        for (one, two), lag in zip(found.pairs, found.lag_s, strict=True)
        if {tracks[one], tracks[two]} == {2247, 5077}
    ]
    assert half_second == [pytest.approx(0.5, abs=1 / 64)]


@pytest.mark.realdata
def test_clips_cut_from_planted_duplicates_are_found_too(test_data, tmp_path):
    from consonance.audio.clips import cut_clip

    root = test_data / "music" / "fma_mini"

    def clip(track: int, start_ms: int) -> Path:
        source = root / f"{track // 1000:03d}" / f"{track:06d}.mp3"
        path = tmp_path / f"{track}_{start_ms}.ogg"
        path.write_bytes(cut_clip(source, start_ms, 10_000).ogg)
        return path

    tracks = [1174, 5003, 2247, 5077, 2950, 6021, 101, 138, 323, 619, 656, 841]
    found = find_duplicates([clip(track, 15_360) for track in tracks])
    assert found.pairs.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found.verified.all()
    assert found.lag_s[1] == pytest.approx(0.5, abs=1 / 64)
