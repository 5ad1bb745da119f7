"""Fingerprints on disk: written whole, read where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from consonance.errors import IngestError
from splits.dedup import compare, find_duplicates
from splits.dedup.sources import Source, fingerprints_of
from splits.dedup.store import FORMAT, ChosenPrints, PrintStore, StoredPrints


def test_what_was_flushed_is_there_for_another_store(prints, tmp_path):
    store = PrintStore(tmp_path)
    store.add("one", prints["song1"])
    store.flush()
    again = PrintStore(tmp_path).get("one")
    assert again.pcm_sha256 == prints["song1"].pcm_sha256
    for name in ("words", "active", "levels"):
        assert np.array_equal(getattr(again, name), getattr(prints["song1"], name))
    assert again.n_segments == prints["song1"].n_segments


def test_numbers_stay_in_the_file_until_they_are_looked_at(prints, tmp_path):
    store = PrintStore(tmp_path)
    store.add("one", prints["song1"])
    store.flush()
    one = store.get("one")
    assert not one.words.flags.owndata
    assert not one.words.flags.writeable
    assert not one.levels.flags.owndata


def test_a_file_cut_short_by_a_crash_is_made_again(prints, tmp_path):
    store = PrintStore(tmp_path)
    for number in range(3):
        store.add(str(number), prints[f"song{number}"])
        store.flush()
    damaged = sorted((tmp_path / FORMAT).glob("*.arrow"))[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert len(PrintStore(tmp_path)) == 2
    assert not damaged.exists()


def test_nothing_half_written_is_ever_read(prints, tmp_path, monkeypatch):
    store = PrintStore(tmp_path)
    store.add("one", prints["song1"])
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        store.flush()
    assert list((tmp_path / FORMAT).iterdir()) == []


def test_stored_fingerprints_give_the_same_report_as_those_in_memory(prints, tmp_path):
    store = PrintStore(tmp_path)
    for name, one in prints.items():
        store.add(name, one)
    store.flush()
    names = list(prints)
    kept = compare(StoredPrints(store, names), keys=names)
    held = compare([prints[name] for name in names], keys=names)
    assert np.array_equal(kept.pairs, held.pairs)
    assert np.array_equal(kept.score, held.score)
    assert np.array_equal(kept.group, held.group)


def test_chosen_fingerprints_are_those_at_the_places(prints):
    every = list(prints.values())
    some = ChosenPrints(every, np.array([3, 1]))
    assert [one.file_sha256 for one in some] == [every[3].file_sha256, every[1].file_sha256]
    assert some[1:][0] is every[1]
    assert len(some) == 2


def test_a_kept_folder_spares_the_second_search_all_decoding(archive, tmp_path, monkeypatch):
    paths = [archive["song0"], archive["song1"], archive["re-encoded.mp3"]]
    first = find_duplicates(paths, keep=tmp_path)

    def never(*args: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("splits.dedup.prints.open_decoder", never)
    assert np.array_equal(find_duplicates(paths, keep=tmp_path).pairs, first.pairs)


def test_a_hash_that_one_caller_knows_is_no_truth_for_another(archive, tmp_path):
    paths = [archive["song0"], archive["song1"]]
    told = find_duplicates(paths, pcm_sha256=["abc", "abc"], keep=tmp_path)
    assert told.kind.tolist() == ["exact_pcm"]
    assert find_duplicates(paths, keep=tmp_path).pairs.shape == (0, 2)


def test_what_cannot_be_read_is_told_and_left_out_where_asked(archive, tmp_path):
    bad = tmp_path / "page.mp3"
    bad.write_text("<html>404</html>")
    sources = [Source.at(archive["song0"]), Source.at(bad), Source.at(archive["song1"])]
    refused: list[int] = []
    prints, places = fingerprints_of(
        PrintStore(tmp_path), sources, max_seconds=60,
        refused=lambda place, error: refused.append(place),
    )  # fmt: skip
    assert (len(prints), places, refused) == (2, [0, 2], [1])
    with pytest.raises(IngestError, match=r"page\.mp3"):
        fingerprints_of(PrintStore(tmp_path), sources, max_seconds=60)
