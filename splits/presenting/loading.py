"""Pieces of code that open a release, each complete when it is copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from splits.models import Release

_NUMPY: Final = """\
import sys; sys.path.insert(0, "{folder}")
from load import load, evaluate

data = load("{folder}")
test = data.rows("test")
data.y[test]  # 1 present, 0 absent, -1 unknown: never absent"""
_PANDAS: Final = """\
import pandas as pd

labels = pd.read_parquet("{address}files/parquet/labels.parquet")"""
_HUGGING_FACE: Final = """\
from pathlib import Path
from datasets import load_dataset

folder = str(Path("{folder}").resolve())
clips = load_dataset(folder, split="train")  # sound, labels, licence and credit
labels = load_dataset(folder, "labels")["all_rows"]"""
_MIRDATA: Final = """\
import mirdata

data = mirdata.initialize("openmic2018", data_home="{folder}/mirdata")
data.index_path = "{folder}/mirdata/openmic2018_index_1.0.json"
tracks = data.load_tracks()"""
_TORCH: Final = """\
import sys; sys.path.insert(0, "{folder}")
import soundfile, torch
from load import load

data = load("{folder}")

class Clips(torch.utils.data.Dataset):
    def __init__(self, partition):
        self.rows = data.rows(partition)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        path = data.audio_path(data.keys[row])
        sound, _ = soundfile.read(path, dtype="float32", always_2d=True)
        sound = torch.from_numpy(sound.mean(axis=1))
        return sound, torch.from_numpy(data.y[row]), torch.from_numpy(data.mask[row])"""


@dataclass(frozen=True)
class Piece:
    """Some code, what it is for, and whether it is Python."""

    label: str
    code: str
    is_python: bool = True


def loading_pieces(release: Release, address: str) -> list[Piece]:
    """Return code for the tools that researchers use, as far as the release has their files.

    Parameters
    ----------
    release
        What is opened.
    address
        Of its page, with a slash at its end; files lie under it.
    """
    folder = release.folder.name
    files = set(release.manifest.get("files", {}))
    has_loader = "load.py" in files
    offered = (
        (True, "Fetch it: run again to go on where it broke off", _fetch(folder, address), False),
        (has_loader, "numpy, with the loader that lies in the release", _NUMPY, True),
        ("parquet/labels.parquet" in files, "pandas, without fetching the rest", _PANDAS, True),
        (
            any(name.startswith("audio-parquet/") for name in files),
            "Hugging Face datasets, sound included",
            _HUGGING_FACE,
            True,
        ),
        (has_loader, "PyTorch", _TORCH, True),
        (
            "mirdata/openmic2018_index_1.0.json" in files,
            "mirdata, by its OpenMIC-2018 loader",
            _MIRDATA,
            True,
        ),
        (True, "Check every byte, with Python alone", "python {folder}/verify.py {folder}", False),
        (has_loader, "The labels alone, without audio", _fetch(folder, address, "labels"), False),
    )
    return [
        Piece(label, code.replace("{folder}", folder).replace("{address}", address), is_python)
        for is_there, label, code, is_python in offered
        if is_there
    ]


def _fetch(folder: str, address: str, what: str = "") -> str:
    name, query = (f"{folder}-{what}.tar", f"?what={what}") if what else (f"{folder}.tar", "")
    return f'curl -C - -o {name} "{address}download{query}" && tar -xf {name}'
