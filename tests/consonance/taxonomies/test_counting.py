"""What of AudioSet counts as a class: children, what others name, what is taken out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candidates.detector.audioset import label_index
from candidates.detector.taxonomy import TAXONOMIES
from consonance.taxonomies.counting import counted, unheard
from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.file import read_file
from consonance.taxonomies.ontology import ontology

SEVEN = Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "sounding7.json"
GUITAR, BASS_GUITAR, PLUCKED = "/m/0342h", "/m/018vs", "/m/0fx80y"
MIDS = [entry.mid for entry in ontology()]


def of(*classes: ClassDefinition) -> dict[str, set[str]]:
    found = counted(Taxonomy("some", "1", "CC0-1.0", classes))
    return {name: set(mids) for name, mids in found.items()}


def named(
    name: str, *mids: str, without: tuple[str, ...] = (), parent: str = ""
) -> ClassDefinition:
    return ClassDefinition(name, name.title(), "a", mids, without, "", parent)


def test_what_lies_below_a_class_counts() -> None:
    found = of(named("guitar", GUITAR))["guitar"]
    assert {"/m/02sgy", "/m/042v_gx"} <= found, "electric and acoustic guitar"


def test_a_bass_guitar_is_no_guitar_where_there_is_a_class_for_it() -> None:
    found = of(named("bass", BASS_GUITAR), named("guitar", GUITAR))
    assert found["bass"] == {BASS_GUITAR}
    assert BASS_GUITAR not in found["guitar"]


def test_a_bass_guitar_is_no_guitar_where_it_is_taken_out() -> None:
    assert BASS_GUITAR in of(named("guitar", GUITAR))["guitar"]
    assert BASS_GUITAR not in of(named("guitar", GUITAR, without=(BASS_GUITAR,)))["guitar"]


def test_a_kind_of_a_class_counts_as_the_class_too() -> None:
    found = of(named("guitar", GUITAR, parent="plucked"), named("plucked", PLUCKED))
    assert found["guitar"] < found["plucked"]


def test_a_class_that_names_nothing_counts_nothing() -> None:
    assert of(named("rubato"))["rubato"] == set()


def test_a_class_without_a_published_label_is_not_heard_but_its_children_are() -> None:
    oboe = next(entry for entry in ontology() if entry.name == "Oboe")
    assert not oboe.is_label
    heading = next(entry for entry in ontology() if not entry.is_label and entry.children)
    taxonomy = Taxonomy("t", "1", "CC0-1.0", (named("head", heading.mid), named("oboe", oboe.mid)))
    assert unheard(taxonomy) == ("oboe",)


@given(st.lists(st.sampled_from(MIDS), min_size=1, max_size=6, unique=True))
def test_whatever_classes_name_only_labels_count_and_each_at_most_where_it_is_named_or_below(
    mids: list[str],
) -> None:
    known = ontology()
    found = of(*(named(f"c{place}", mid) for place, mid in enumerate(mids)))
    for place, mid in enumerate(mids):
        count = found[f"c{place}"]
        assert count <= set(known.below(mid))
        assert all(known[one].is_label for one in count)
        assert not count & (set(mids) - {mid}), "what another class names is the other's"
        assert (mid in count) == known[mid].is_label


def test_the_ontology_s_labels_are_those_that_networks_have_outputs_for() -> None:
    assert {entry.mid for entry in ontology() if entry.is_label} == set(label_index())
    assert all(child in ontology() for entry in ontology() for child in entry.children)


@pytest.mark.realdata
def test_the_ontology_is_googles(test_data: Path) -> None:
    text = (test_data / "audioset" / "ontology.json").read_text(encoding="utf-8")
    published = {row["id"]: (row["name"], tuple(row["child_ids"])) for row in json.loads(text)}
    assert {entry.mid: (entry.name, entry.children) for entry in ontology()} == published
    with (test_data / "audioset" / "class_labels_indices.csv").open(encoding="utf-8") as file:
        assert {row["mid"] for row in csv.DictReader(file)} == {
            entry.mid for entry in ontology() if entry.is_label
        }


@pytest.mark.parametrize("path", [*sorted(TAXONOMIES.glob("*.json"))], ids=lambda path: path.stem)
def test_what_ships_lists_exactly_what_counts(path: Path) -> None:
    taxonomy = read_file(path)
    counts = counted(taxonomy)
    assert {entry.name: set(entry.audioset_mids) for entry in taxonomy.classes} == {
        name: set(mids) for name, mids in counts.items()
    }


def test_the_second_taxonomy_has_a_parent_several_mids_and_a_class_that_nobody_hears() -> None:
    taxonomy = read_file(SEVEN)
    counts = counted(taxonomy)
    assert len(counts) == 7
    assert set(counts["bowed"]) < set(counts["strings"])
    assert BASS_GUITAR not in counts["plucked"]
    assert unheard(taxonomy) == ("rubato",)
