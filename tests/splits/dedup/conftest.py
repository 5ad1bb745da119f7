from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

# With import-mode=importlib a test folder is no package: load the neighbour by its path.
_SPEC = importlib.util.spec_from_file_location("dedup_songs", Path(__file__).with_name("songs.py"))
songs = importlib.util.module_from_spec(_SPEC)
sys.modules["dedup_songs"] = songs
_SPEC.loader.exec_module(songs)

COPIES = {
    "re-encoded.mp3": {"compression_level": 0.7},
    "re-encoded.ogg": {"compression_level": 0.9},
}


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Write eight songs, and copies of song 0 of every kind; return paths by name."""
    folder = tmp_path_factory.mktemp("songs")
    files = {}
    for seed in range(8):
        files[f"song{seed}"] = songs.write(
            folder / f"song{seed}.wav", songs.cut(songs.song(seed), 2)
        )
    first = songs.song(0)
    clip = songs.cut(first, 2)
    for name, options in COPIES.items():
        files[name] = songs.write(folder / name, clip, **options)
    files["louder.wav"] = songs.write(folder / "louder.wav", 0.25 * clip)
    files["later.wav"] = songs.write(folder / "later.wav", songs.cut(first, 2.5))
    files["odd.wav"] = songs.write(folder / "odd.wav", songs.cut(first, 1.63))
    files["slow rate.wav"] = songs.write(
        folder / "slow rate.wav", songs.at_rate(clip, 11_025), 11_025
    )
    files["lossless.flac"] = songs.write(folder / "lossless.flac", clip)
    files["same bytes.wav"] = folder / "same bytes.wav"
    files["same bytes.wav"].write_bytes(files["song0"].read_bytes())
    return files


@pytest.fixture(scope="session")
def prints(archive):
    """Return the fingerprints of all of them, by name."""
    from splits.dedup import fingerprint

    return {name: fingerprint(path) for name, path in archive.items()}
