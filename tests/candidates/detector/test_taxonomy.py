"""Taxonomies are read strictly, and without heavy libraries."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from candidates.detector import taxonomy
from candidates.detector.audioset import (
    LABELS,
    class_map,
    label_index,
    same_names,
    trained_map,
)
from consonance.errors import ParameterError

SEVEN = Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "sounding7.json"


def written(folder: Path, **change: Any) -> Path:
    content: dict[str, Any] = {
        "name": "small",
        "version": "1",
        "licence": "CC0-1.0",
        "classes": [
            {"name": "drum", "display_name": "Drum", "article": "a", "audioset_mids": ["/m/026t6"]},
            {"name": "hum", "display_name": "Hum", "article": "a", "audioset_mids": []},
        ],
    }
    content.update(change)
    path = folder / "small.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def entry(**change: Any) -> dict[str, Any]:
    return {
        "name": "drum", "display_name": "Drum", "article": "a", "audioset_mids": [], **change
    }  # fmt: skip


def test_openmics_twenty_classes_are_there_in_alphabetical_order() -> None:
    read = taxonomy.read("openmic20")
    assert len(read.classes) == 20
    assert read.class_names[0] == "accordion"
    assert read.class_names[-1] == "voice"
    assert list(read.class_names) == sorted(read.class_names)
    assert read.licence == "CC-BY-SA-4.0"


def test_articles_make_good_english() -> None:
    asked = {entry.name: entry.article for entry in taxonomy.read("openmic20").classes}
    assert asked["organ"] == "an"
    assert asked["piano"] == "a"
    assert asked["drums"] == ""


def test_bass_guitar_is_bass_and_not_guitar() -> None:
    mids = {entry.name: entry.audioset_mids for entry in taxonomy.read("openmic20").classes}
    assert "/m/018vs" in mids["bass"]
    assert "/m/018vs" not in mids["guitar"]


def test_no_audioset_label_counts_for_two_classes() -> None:
    mids = [mid for entry in taxonomy.read("openmic20").classes for mid in entry.audioset_mids]
    assert len(mids) == len(set(mids))


def test_a_taxonomy_is_equal_to_itself_read_again_from_its_file() -> None:
    path = taxonomy.TAXONOMIES / "openmic20.json"
    assert taxonomy.read_file(path) == taxonomy.read("openmic20")


def test_an_unknown_taxonomy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use one of: openmic20"):
        taxonomy.read("../../pyproject")


def test_a_file_whose_name_differs_from_the_one_inside_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, name="other")
    monkeypatch.setattr(taxonomy, "TAXONOMIES", tmp_path)
    with pytest.raises(ParameterError, match="it must be 'small'"):
        taxonomy.read("small")


def test_reading_classes_and_naming_detectors_loads_no_torch() -> None:
    code = (
        "import sys\n"
        "from candidates.detector import names, taxonomy\n"
        "taxonomy.read('openmic20'); names()\n"
        "sys.exit(sum(name in sys.modules for name in ('torch', 'scipy', 'soxr', 'numpy')))"
    )
    root = Path(taxonomy.__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={"PYTHONPATH": f"{root / 'platform'}:{root}"},
        check=False,
    )
    assert done.returncode == 0


def test_the_label_list_is_whole() -> None:
    assert sorted(label_index().values()) == list(range(527))
    in_yamnet = [index for index in label_index("yamnet_index").values() if index >= 0]
    assert sorted(in_yamnet) == list(range(521))


@pytest.mark.realdata
def test_the_label_list_is_googles(test_data: Path) -> None:
    with (test_data / "audioset" / "class_labels_indices.csv").open(encoding="utf-8") as file:
        published = [(r["index"], r["mid"], r["display_name"]) for r in csv.DictReader(file)]
    with LABELS.open(encoding="utf-8") as file:
        ours = [(r["index"], r["mid"], r["display_name"]) for r in csv.DictReader(file)]
    assert ours == published


@pytest.mark.realdata
def test_openmics_classes_are_mapped_to_their_descendants_in_the_ontology(test_data: Path) -> None:
    ontology = json.loads((test_data / "audioset" / "ontology.json").read_text(encoding="utf-8"))
    children = {node["id"]: node["child_ids"] for node in ontology}
    names = {node["id"]: node["name"] for node in ontology}

    def descendants(mid: str) -> set[str]:
        return {mid}.union(*(descendants(child) for child in children[mid]))

    published = set(label_index())
    for entry in taxonomy.read("openmic20").classes:
        mids = set(entry.audioset_mids)
        root = entry.audioset_mids[0]
        if entry.name == "guitar":
            assert mids == (descendants(root) - {"/m/018vs"}) & published
        elif entry.name not in ("bass", "cymbals", "drums", "voice"):
            assert mids == descendants(root) & published, names[root]


def test_a_class_without_audioset_labels_is_uncovered(tmp_path: Path) -> None:
    mapping = class_map(taxonomy.read_file(written(tmp_path)))
    assert mapping.uncovered == ("hum",)


def test_what_is_not_in_audioset_s_ontology_is_refused() -> None:
    odd = taxonomy.Taxonomy(
        "odd", "1", "CC0-1.0", (taxonomy.ClassDefinition("drum", "Drum", "a", ("/m/nonsense",)),)
    )
    with pytest.raises(ParameterError, match=r"'drum'.*names /m/nonsense"):
        class_map(odd)


def test_a_class_that_audioset_knows_but_published_no_label_for_is_uncovered(
    tmp_path: Path,
) -> None:
    oboe = entry(name="oboe", display_name="Oboe", audioset_mids=["/m/05kms"])
    mapping = class_map(taxonomy.read_file(written(tmp_path, classes=[oboe])))
    assert mapping.uncovered == ("oboe",)


def test_children_count_but_not_what_another_class_names(tmp_path: Path) -> None:
    guitar = entry(name="guitar", display_name="Guitar", audioset_mids=["/m/0342h"])
    bass = entry(name="bass", display_name="Bass", audioset_mids=["/m/018vs"])
    index = label_index()
    alone = class_map(taxonomy.read_file(written(tmp_path, classes=[guitar])))
    both = class_map(taxonomy.read_file(written(tmp_path, classes=[bass, guitar])))
    assert index["/m/02sgy"] in both.outputs[1], "electric guitar"
    assert index["/m/018vs"] in alone.outputs[0]
    assert index["/m/018vs"] not in both.outputs[1]


def test_a_network_of_ours_stands_for_a_class_that_all_of_its_outputs_sounds_are() -> None:
    trained = taxonomy.read("openmic20")
    seven = taxonomy.read_file(SEVEN)
    mapping = trained_map(trained.class_names, trained, seven)
    heard = {
        name: {trained.class_names[place] for place in places.tolist()}
        for name, places in zip(mapping.classes, mapping.outputs, strict=True)
    }
    assert heard["bowed"] == {"cello", "violin"}
    assert heard["plucked"] == {"banjo", "guitar", "mandolin", "ukulele"}
    assert heard["strings"] > heard["bowed"] | heard["plucked"]
    assert heard["rubato"] == set()
    assert mapping.uncovered == ("rubato",)


def test_a_network_of_ours_has_its_own_taxonomy_class_by_class() -> None:
    trained = taxonomy.read("openmic20")
    mapping = trained_map(trained.class_names, trained, trained)
    assert [places.tolist() for places in mapping.outputs] == [[n] for n in range(20)]
    assert mapping.digest == same_names(trained.class_names, trained).digest


def test_part_of_a_class_does_not_stand_for_it() -> None:
    trained = taxonomy.read("openmic20")
    electric = taxonomy.ClassDefinition("guitar", "Electric guitar", "an", ("/m/02sgy",))
    mapping = trained_map(
        trained.class_names, trained, taxonomy.Taxonomy("other", "1", "CC0-1.0", (electric,))
    )
    assert mapping.uncovered == ("guitar",)


def test_a_class_scores_as_its_most_likely_label() -> None:
    import numpy as np

    mapping = class_map(taxonomy.read("openmic20"))
    probabilities = np.zeros(527, np.float32)
    probabilities[label_index()["/m/02fsn"]] = 0.7  # double bass
    probabilities[label_index()["/m/018vs"]] = 0.2  # bass guitar
    scores = dict(zip(mapping.classes, mapping.scores(probabilities), strict=True))
    assert scores.pop("bass") == np.float32(0.7)
    assert set(scores.values()) == {np.float32(0)}
